import type { BenchContext } from "./bench-context.ts";

/** A bench by name. */
export interface Bench {
  about: string;
  run: (context: BenchContext) => Promise<void>;
}

/** Every bench; each is loaded only when it runs. */
export const benches: Readonly<Record<string, Bench>> = {
  simulate: {
    about: "retry policies under contention, in virtual time",
    run: async (context) => (await import("./simulate/bench.ts")).simulate(context),
  },
  contention: {
    about: "retry policies under contention, on dsql-local (--plot FILE.svg draws it)",
    run: async (context) => (await import("./contention/bench.ts")).contention(context),
  },
  overhead: {
    about: "time and CPU per query against node-postgres, AWS's connector, and the stock drivers of each ORM",
    run: async (context) => (await import("./overhead/bench.ts")).overhead(context),
  },
  "cold-start": {
    about:
      "a process that starts, sends one query and ends, against pg with a signer by hand and AWS's connector",
    run: async (context) => (await import("./cold-start/bench.ts")).coldStart(context),
  },
  errors: {
    about: "connections opened by 1000 failing statements",
    run: async (context) => (await import("./errors/bench.ts")).errors(context),
  },
  local: {
    about: "dsql-local against the PostgreSQL behind it, and how fast it starts",
    run: async (context) => (await import("./local/bench.ts")).local(context),
  },
  migrate: {
    about: "planning migrations against parsing them",
    run: async (context) => (await import("./migrate/bench.ts")).migrate(context),
  },
};
