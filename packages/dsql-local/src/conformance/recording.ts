import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** One result of a query. Names with underscores, here and below, are those of the recordings' JSON. */
interface RecordedResult {
  command_tag?: string | undefined;
  columns?: string[] | undefined;
  rows?: (string | null)[][] | undefined;
}

/** The response to a statement. */
export interface Observation extends RecordedResult {
  outcome: "ok" | "error";
  sqlstate?: string | undefined;
  message?: string | undefined;
  /** The results of a simple query of several statements. */
  results?: RecordedResult[] | undefined;
}

/** Statements on one connection, and the response to each. */
export interface RecordedCase {
  name: string;
  group: string;
  note?: string | undefined;
  steps: string[];
  observations: Observation[];
  /** Only the shape of the rows is comparable. */
  ignore_rows?: boolean | undefined;
  /** Sent as simple queries. */
  simple_protocol?: boolean | undefined;
}

/** One file of recordings. */
interface Recording {
  file: string;
  cases: RecordedCase[];
}

/** Recordings of a folder, and the statements that must run before each of its files. */
export interface RecordingFolder {
  setup: string[];
  recordings: Recording[];
}

/** Reads recordings: a folder of *.json, or one such file; `setup.sql` of the folder belongs to them. */
export async function readRecordings(path: string): Promise<RecordingFolder> {
  const isFile = (await stat(path)).isFile();
  const folder = isFile ? dirname(path) : path;
  const names = (await readdir(folder)).sort();
  const files = isFile ? [basename(path)] : names.filter((name) => name.endsWith(".json"));
  const setup = names.includes("setup.sql") ? await readFile(join(folder, "setup.sql"), "utf8") : "";
  const recordings = await Promise.all(
    files.map(async (file) => ({ file, cases: casesOf(await readFile(join(folder, file), "utf8"), file) })),
  );
  return { setup: splitSetup(setup), recordings };
}

/** The cases of a file; one that cannot be replayed is an error, not skipped. */
function casesOf(text: string, file: string): RecordedCase[] {
  const { cases } = JSON.parse(text) as { cases?: RecordedCase[] };
  if (!Array.isArray(cases)) throw new Error(`${file} is not a recording: it has no list of cases`);
  const isReplayable = ({ steps, observations }: RecordedCase): boolean =>
    Array.isArray(steps) && steps.every((step) => typeof step === "string") && Array.isArray(observations);
  const unknown = cases.find((recorded) => !isReplayable(recorded));
  if (unknown)
    throw new Error(`${file}: the case ${unknown.name} must have strings as steps, and observations`);
  return cases;
}

/** A statement ends with a semicolon at the end of a line; comments are separate lines. */
function splitSetup(text: string): string[] {
  const lines = text.split("\n").filter((line) => !line.trimStart().startsWith("--"));
  const statements = lines.join("\n").split(/;\s*$/m);
  return statements.map((statement) => statement.trim()).filter((statement) => statement !== "");
}
