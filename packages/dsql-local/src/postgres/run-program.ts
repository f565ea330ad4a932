import { spawn } from "node:child_process";
import type { ServerUser } from "./server-user.ts";

/** Environment of every PostgreSQL program: English messages, and nothing of libpq's that the caller may have set. */
export function programEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !name.startsWith("PG") && !name.startsWith("LC_"),
  );
  return { ...Object.fromEntries(kept), LC_ALL: "C", TZ: "UTC" };
}

/** Runs a program to its end, as the server's user. @throws with what it wrote, where it fails */
export function runProgram(
  program: string,
  args: readonly string[],
  user: ServerUser | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      ...(user && { uid: user.uid, gid: user.gid }),
      // A folder that every user can enter.
      cwd: process.platform === "win32" ? undefined : "/",
      env: programEnvironment(),
      stdio: ["ignore", "pipe", "pipe"],
      windowsHide: true,
    });
    let output = "";
    const keep = (text: Buffer): void => {
      output = (output + text).slice(-4000);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.on("error", (error) =>
      reject(new Error(`${program} cannot be started: ${error.message}`, { cause: error })),
    );
    child.on("close", (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${program} failed (${signal ?? code}): ${output.trim()}`));
    });
  });
}
