import { spawn } from "node:child_process";
import type { ServerUser } from "./server-user.ts";

/** Environment of every PostgreSQL program: English messages, and none of the caller's libpq variables (PGHOST, …). */
export function programEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !name.startsWith("PG") && !name.startsWith("LC_"),
  );
  return { ...Object.fromEntries(kept), LC_ALL: "C", TZ: "UTC" };
}

/** Runs a program as the server's user and waits until it exits. @throws {Error} with its output, if it fails */
export function runProgram(
  program: string,
  args: readonly string[],
  user: ServerUser | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      ...(user && { uid: user.uid, gid: user.gid }),
      // The server's user may have no access to the current folder.
      cwd: process.platform === "win32" ? undefined : "/",
      env: programEnvironment(),
      stdio: ["ignore", "pipe", "pipe"],
      windowsHide: true,
    });
    let output = "";
    const keepEnd = (text: Buffer): void => {
      output = (output + text).slice(-4000);
    };
    child.stdout.on("data", keepEnd);
    child.stderr.on("data", keepEnd);
    child.on("error", (error) =>
      reject(new Error(`${program} cannot be started: ${error.message}`, { cause: error })),
    );
    child.on("close", (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${program} failed (${signal ?? code}): ${output.trim()}`));
    });
  });
}
