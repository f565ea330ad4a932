import type { Theme } from "../scenario.ts";
import { columns } from "./columns.ts";
import { conflicts } from "./conflicts.ts";
import { connections } from "./connections.ts";
import { identity } from "./identity.ts";
import { limits } from "./limits.ts";
import { lostConnections } from "./lost-connections.ts";
import { parameters } from "./parameters.ts";
import { childProcess } from "./process.ts";
import { rows } from "./rows.ts";
import { shutdown } from "./shutdown.ts";
import { transactionEnd } from "./transaction-end.ts";
import { transactions } from "./transactions.ts";

/** All scenarios, theme by theme. */
export const themes = {
  columns,
  rows,
  parameters,
  transactions,
  "the end of a transaction": transactionEnd,
  conflicts,
  connections,
  "lost connections": lostConnections,
  "child process": childProcess,
  limits,
  shutdown,
  identity,
} as const satisfies Record<string, Theme>;

type Themes = typeof themes;

/** The title of a scenario. */
export type ScenarioTitle = { [T in keyof Themes]: keyof Themes[T] & string }[keyof Themes];
