/** Imports the program that is its argument, and reports to the parent what that and the whole process have cost. */
const startedAt = performance.now();
const cpuBefore = process.cpuUsage();
await import(process.argv[2] as string);
const elapsedMs = performance.now() - startedAt;
const { user, system } = process.cpuUsage(cpuBefore);
process.once("exit", () => {
  const whole = process.cpuUsage();
  const report: StartReport = {
    elapsedMs,
    cpuMs: (user + system) / 1000,
    wholeCpuMs: (whole.user + whole.system) / 1000,
  };
  process.stdout.write(JSON.stringify(report));
});

/** Milliseconds. */
export interface StartReport {
  /** From before the import to the end of the first query. */
  elapsedMs: number;
  cpuMs: number;
  /** Of the whole process, the start of Node.js included. */
  wholeCpuMs: number;
}
