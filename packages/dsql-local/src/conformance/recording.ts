import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** What a statement answered. */
export interface Observation {
  outcome: "ok" | "error";
  command_tag?: string;
  columns?: string[];
  rows?: (string | null)[][];
  sqlstate?: string;
  message?: string;
  /** The answers of a simple query of several statements. */
  results?: { command_tag?: string; columns?: string[]; rows?: (string | null)[][] }[];
}

/** Statements on one connection, and what each answered. */
export interface RecordedCase {
  name: string;
  group: string;
  note?: string;
  steps: string[];
  observations: Observation[];
  /** Only the shape of the rows is comparable. */
  ignore_rows?: boolean;
  /** Sent as simple queries. */
  simple_protocol?: boolean;
}

/** One file of recordings. */
interface Recording {
  file: string;
  cases: RecordedCase[];
}

/** Recordings of a folder, and the statements that must have run before each file of them. */
export interface RecordingFolder {
  setup: string[];
  recordings: Recording[];
}

/** Reads a folder of recordings; undefined where there is none. */
export async function readRecordings(folder: string): Promise<RecordingFolder | undefined> {
  const names = await readdir(folder).catch(() => undefined);
  if (!names) return undefined;
  const setup = names.includes("setup.sql") ? await readFile(join(folder, "setup.sql"), "utf8") : "";
  const files = names.filter((name) => name.endsWith(".json")).sort();
  const recordings = await Promise.all(
    files.map(async (file) => {
      const { cases } = JSON.parse(await readFile(join(folder, file), "utf8")) as { cases: RecordedCase[] };
      return { file, cases };
    }),
  );
  return { setup: splitSetup(setup), recordings };
}

/** One statement a line end with a semicolon; comments are lines of their own. */
function splitSetup(text: string): string[] {
  const lines = text.split("\n").filter((line) => !line.trimStart().startsWith("--"));
  const statements = lines.join("\n").split(/;\s*$/m);
  return statements.map((statement) => statement.trim()).filter((statement) => statement !== "");
}
