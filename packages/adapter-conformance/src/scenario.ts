import type { DsqlPoolOptions } from "dsql-core";
import type { LocalDsql } from "dsql-local";
import type { Account, AdapterSession, AdapterUnderTest } from "./adapter-under-test.ts";

/** What a scenario works with. */
export interface ScenarioContext {
  readonly local: LocalDsql;
  readonly adapter: AdapterUnderTest;
  /** Shared by the scenarios of a file, which therefore neither close it nor leave faults armed. */
  readonly session: AdapterSession;
  /** Opens a session of the scenario's own, which is closed after it. */
  open(options?: DsqlPoolOptions): Promise<AdapterSession>;
  /** Stores an account of the scenario's own. */
  newAccount(balance?: bigint): Promise<Account>;
}

/** One behaviour; it throws if the adapter does not have it. */
export type Scenario = (context: ScenarioContext) => Promise<void>;

/** Scenarios of one theme by title; a title is a sentence about behaviour. */
export type Theme = Readonly<Record<string, Scenario>>;
