/**
 * Mutants that no test can detect, and why not: each by its file, the line that is changed, and what comes in place of what. An
 * entry whose mutant is detected, or no longer exists, must go.
 */
export const EQUIVALENT = [
  {
    file: "packages/dsql-core/src/client/transaction-command.ts",
    line: 'if (PLAIN.test(text) && !text.includes(";")) return undefined;',
    original: 'PLAIN.test(text) && !text.includes(";")',
    replacement: "false",
    why: "Only the time changes: splitting such a text finds no command either.",
  },
  {
    file: "packages/dsql-core/src/client/transaction-writes.ts",
    line: 'if (typeof text !== "string" || this.#statements.length > MAX_STATEMENTS) return;',
    original: "this.#statements.length > MAX_STATEMENTS",
    replacement: "false",
    why: "Only memory: the rows of so many statements are not used.",
  },
  {
    file: "packages/dsql-core/src/client/transaction-writes.ts",
    line: "#statements: SentStatement[] = [];",
    original: "[]",
    replacement: '["Stryker was here"]',
    why: "`watch` sets it before a statement is noted.",
  },
  {
    file: "packages/dsql-core/src/client/transaction-writes.ts",
    line: "#hasFailed = false;",
    original: "false",
    replacement: "true",
    why: "`watch` sets it before a statement is noted.",
  },
  {
    file: "packages/dsql-core/src/retry/retry-lane.ts",
    line: "const next = this.#waiting.findIndex((other) => other.ticket > ticket);",
    original: "other.ticket > ticket",
    replacement: "other.ticket >= ticket",
    why: "A ticket belongs to one piece of work, which waits in a lane only once, so that no two in a queue have the same.",
  },
  {
    file: "packages/kysely-dsql/src/commit-failure.ts",
    line: 'if (!("AbortedTransactionError" in kysely)) return false;',
    original: '!("AbortedTransactionError" in kysely)',
    replacement: "false",
    why: "Kysely 0.29 runs here. `commit-failure.test.ts` detects it with Kysely 0.28.",
  },
  {
    file: "packages/kysely-dsql/src/commit-failure.ts",
    line: 'if (!("AbortedTransactionError" in kysely)) return false;',
    original: "false",
    replacement: "true",
    why: "Kysely 0.29 runs here. `commit-failure.test.ts` detects it with Kysely 0.28.",
  },
  {
    file: "packages/prisma-dsql/src/adapter/dsql-transaction.ts",
    line: 'const COMMIT: SqlQuery = { sql: "COMMIT", args: [], argTypes: [] };',
    original: "[]",
    replacement: '["Stryker was here"]',
    why: "`argTypes` describes arguments, and there are none.",
  },
  {
    file: "packages/prisma-dsql/src/adapter/dsql-transaction.ts",
    line: 'const ROLLBACK: SqlQuery = { sql: "ROLLBACK", args: [], argTypes: [] };',
    original: "[]",
    replacement: '["Stryker was here"]',
    why: "`argTypes` describes arguments, and there are none.",
  },
  {
    file: "packages/prisma-dsql/src/adapter/prisma-dsql.ts",
    line: "if (source !== undefined && isGivenPool(source)) {",
    original: "source !== undefined",
    replacement: "true",
    why: "`isGivenPool` returns false for undefined, too.",
  },
];
