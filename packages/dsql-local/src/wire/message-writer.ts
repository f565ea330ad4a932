/** A message of any type around a body. */
export function message(type: number, ...parts: (Buffer | string)[]): Buffer {
  let length = 4;
  for (const part of parts) length += typeof part === "string" ? Buffer.byteLength(part) + 1 : part.length;
  const bytes = Buffer.allocUnsafe(length + 1);
  bytes[0] = type;
  bytes.writeInt32BE(length, 1);
  let at = 5;
  for (const part of parts) {
    if (typeof part === "string") {
      at += bytes.write(part, at);
      bytes[at++] = 0;
    } else {
      at += part.copy(bytes, at);
    }
  }
  return bytes;
}

export function int16(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(2);
  // Up to 65,535 parameters: the protocol's counts exceed the range of a signed 16-bit integer.
  bytes.writeUInt16BE(value & 0xffff);
  return bytes;
}

export function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value | 0);
  return bytes;
}
