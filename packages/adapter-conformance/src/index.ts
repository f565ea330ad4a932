import type { AdapterUnderTest as Adapter } from "./adapter-under-test.ts";
import type { ScenarioTitle } from "./scenarios/index.ts";

export type {
  Account,
  Accounts,
  AdapterModule,
  AdapterSession,
  Row,
  TransactionWork,
  Work,
} from "./adapter-under-test.ts";
export { describeAdapter } from "./describe-adapter.ts";
export { fromPgValue, toPgValue } from "./plain-values.ts";
export type { ScenarioTitle } from "./scenarios/index.ts";

/** An adapter as the suite tests it. */
export type AdapterUnderTest = Adapter<ScenarioTitle>;
export { type ColumnName, columnTypes, createTables } from "./schema.ts";
