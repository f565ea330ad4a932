import { DsqlConfigError } from "dsql-core";
import {
  type DatabaseIntrospector,
  type Dialect,
  type DialectAdapter,
  type Driver,
  Kysely,
  type QueryCompiler,
} from "kysely";
import { DsqlAdapter } from "./dsql-adapter.ts";
import type { DsqlDialectConfig } from "./dsql-dialect-config.ts";
import { DsqlDriver } from "./dsql-driver.ts";
import { DsqlIntrospector } from "./dsql-introspector.ts";
import { DsqlQueryCompiler } from "./dsql-query-compiler.ts";
import { dialectConfig, type PoolProvider, poolProvider } from "./pool-provider.ts";

/**
 * Aurora DSQL for Kysely.
 *
 * ```ts
 * const db = new Kysely<Database>({
 *   dialect: new DsqlDialect("postgresql://admin@<cluster>.dsql.us-east-1.on.aws/postgres"),
 * });
 * ```
 * @throws DsqlConfigError for an option or a connection string that cannot be used; nothing is sent before the first query
 */
export class DsqlDialect implements Dialect {
  readonly #config: DsqlDialectConfig;
  readonly #source: PoolProvider;

  constructor(config?: DsqlDialectConfig | string) {
    demandSupportedKysely();
    this.#config = dialectConfig(config);
    // An invalid option throws here, in the constructor.
    new DsqlQueryCompiler(this.#config);
    this.#source = poolProvider(this.#config);
  }

  createDriver(): Driver {
    return new DsqlDriver(this.#config, this.#source);
  }

  createQueryCompiler(): QueryCompiler {
    return new DsqlQueryCompiler(this.#config);
  }

  createAdapter(): DialectAdapter {
    return new DsqlAdapter(this.#source.retryDefaults);
  }

  createIntrospector(db: Kysely<unknown>): DatabaseIntrospector {
    return new DsqlIntrospector(db);
  }
}

/** A package manager can be forced to install any version; 0.28 is the first that has this method. */
function demandSupportedKysely(): void {
  if ("startTransaction" in Kysely.prototype) return;
  throw new DsqlConfigError(
    "kysely-dsql needs Kysely 0.28 or 0.29, and an older one is installed: npm install kysely",
  );
}
