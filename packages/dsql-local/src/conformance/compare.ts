import type { Observation } from "./recording.ts";

type Result = NonNullable<Observation["results"]>[number];

/** Describes how a response differs from the recorded one; empty if they agree. */
export function differences(expected: Observation, actual: Observation, ignoreRows: boolean): string[] {
  if (expected.outcome !== actual.outcome)
    return [`returned ${describe(actual)} instead of ${describe(expected)}`];
  if (expected.outcome === "error") {
    const isSame = expected.sqlstate === actual.sqlstate && expected.message === actual.message;
    return isSame ? [] : [`returned ${describe(actual)} instead of ${describe(expected)}`];
  }
  const wanted = expected.results ?? [expected];
  const got = actual.results ?? [actual];
  if (wanted.length !== got.length) return [`returned ${got.length} results instead of ${wanted.length}`];
  return wanted.flatMap((result, index) => resultDifferences(result, got[index] as Result, ignoreRows));
}

function resultDifferences(expected: Result, actual: Result, ignoreRows: boolean): string[] {
  const found: string[] = [];
  const compare = (what: string, want: unknown, got: unknown): void => {
    if (JSON.stringify(want) !== JSON.stringify(got)) {
      found.push(`${what} is ${JSON.stringify(got)} instead of ${JSON.stringify(want)}`);
    }
  };
  if (expected.command_tag !== undefined)
    compare("the command tag", expected.command_tag, actual.command_tag);
  compare("the list of columns", expected.columns ?? [], actual.columns ?? []);
  const [want, got] = [expected.rows ?? [], actual.rows ?? []];
  if (ignoreRows)
    compare(
      "the number of values",
      want.map((row) => row.length),
      got.map((row) => row.length),
    );
  else compare("the list of rows", want.map(byMeaning), got.map(byMeaning));
  return found;
}

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** Normalizes a value: a UUID to its bytes, a row or an array to its elements, a boolean to a word. */
function byMeaning(row: readonly (string | null)[]): (string | null)[] {
  return row.map((value) => {
    if (value === null || value === "<nil>") return null;
    if (UUID.test(value)) return [...Buffer.from(value.replaceAll("-", ""), "hex")].join(" ");
    if (value === "t") return "true";
    if (value === "f") return "false";
    return /^(?:\[.*\]|\(.*\)|\{.*\})$/.test(value)
      ? value.slice(1, -1).replaceAll(",", " ").replaceAll('"', "")
      : value;
  });
}

function describe(observation: Observation): string {
  if (observation.outcome === "ok") return `"ok"`;
  return `${observation.sqlstate} ${JSON.stringify(observation.message)}`;
}
