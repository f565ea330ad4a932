import { spawn } from "node:child_process";
import type { ServerUser } from "./server-user.ts";

/**
 * Stops the server when this process dies, even by SIGKILL: a shell waits for the end of a pipe that only this process holds open.
 * Windows has no such shell; there the next start stops the orphan.
 * @returns a function to call when the server has exited by itself
 */
export function watchOver(pid: number, user: ServerUser | undefined): () => void {
  if (process.platform === "win32") return () => undefined;
  const child = spawn("/bin/sh", ["-c", `read -r word; [ "$word" = done ] || kill -INT ${pid} 2>/dev/null`], {
    ...(user && { uid: user.uid, gid: user.gid }),
    cwd: "/",
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  // Without the watchdog the next start cleans up, so this is not an error.
  child.on("error", () => undefined);
  child.stdin.on("error", () => undefined);
  child.unref();
  (child.stdin as unknown as { unref?: () => void }).unref?.();
  return () => child.stdin.end("done\n");
}
