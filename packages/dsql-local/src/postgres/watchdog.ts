import { spawn } from "node:child_process";
import type { ServerUser } from "./server-user.ts";

/**
 * Ends the server when this process dies, SIGKILL included: a shell that waits for the end of a pipe which only we hold
 * open. Windows has no such shell; there the next start finds the orphan.
 * @returns call it when the server has ended by itself
 */
export function watchOver(pid: number, user: ServerUser | undefined): () => void {
  if (process.platform === "win32") return () => undefined;
  const child = spawn("/bin/sh", ["-c", `read -r word; [ "$word" = done ] || kill -INT ${pid} 2>/dev/null`], {
    ...(user && { uid: user.uid, gid: user.gid }),
    cwd: "/",
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  // Without it only the next start cleans up, which is no reason to fail.
  child.on("error", () => undefined);
  child.stdin.on("error", () => undefined);
  child.unref();
  (child.stdin as unknown as { unref?: () => void }).unref?.();
  return () => child.stdin.end("done\n");
}
