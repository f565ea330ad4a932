/** Where a program connects to; it comes in the environment variable COLD_START_TARGET, as JSON. */
export interface Target {
  host: string;
  hostaddr: string;
  port: number;
  region: string;
  ca: string;
}

export function target(): Target {
  return JSON.parse(process.env.COLD_START_TARGET ?? "{}") as Target;
}
