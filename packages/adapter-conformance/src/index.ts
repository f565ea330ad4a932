export type {
  Account,
  Accounts,
  AdapterModule,
  AdapterSession,
  AdapterUnderTest,
  Row,
  TransactionWork,
  Work,
} from "./adapter-under-test.ts";
export { describeAdapter } from "./describe-adapter.ts";
export { fromPgValue, toPgValue } from "./plain-values.ts";
export type { ScenarioTitle } from "./scenarios/index.ts";
export { type ColumnName, columnTypes, createTables } from "./schema.ts";
