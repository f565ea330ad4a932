import { Socket } from "node:net";

/** A socket that connects to one address, whatever host name it is given; TLS still verifies the name. */
export function socketTo(address: string): Socket {
  const socket = new Socket();
  const connect = socket.connect.bind(socket) as (port: number, host: string) => Socket;
  socket.connect = ((port: number) => connect(port, address)) as typeof socket.connect;
  return socket;
}
