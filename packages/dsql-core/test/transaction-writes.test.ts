import { EventEmitter } from "node:events";
import { beforeEach, describe, expect, test } from "vitest";
import { TransactionWrites } from "../src/client/transaction-writes.ts";
import { writtenRows } from "../src/client/written-rows.ts";
import { contestedRowsOf, noteContestedRows } from "../src/retry/contested-rows.ts";
import { Turns } from "../src/retry/retry-lane.ts";
import { conflict, serverError } from "./conflict-shapes.ts";

const UPDATE = "UPDATE accounts SET n = 1 WHERE id = $1";
let connection: EventEmitter;
let writes: TransactionWrites;

beforeEach(() => {
  connection = new EventEmitter();
  writes = new TransactionWrites("cluster");
  writes.watch(connection);
});

/** How many rows a conflict at this point is about. */
function contested(): number | undefined {
  const error = conflict();
  connection.emit("errorMessage", error);
  return contestedRowsOf(error)?.rows.length;
}

describe("the statements of a transaction", () => {
  test("add to a conflict the rows that they wrote, and the cluster", () => {
    writes.note(UPDATE, [1]);
    writes.note(UPDATE, [2]);
    const error = conflict();
    connection.emit("errorMessage", error);
    expect(contestedRowsOf(error)).toMatchObject({ cluster: "cluster", rows: { length: 2 } });
    expect(writes.lastConflict).toBe(error);
  });

  test("add nothing to any other error", () => {
    writes.note(UPDATE, [1]);
    const error = serverError("23505", "no");
    connection.emit("errorMessage", error);
    expect(contestedRowsOf(error)).toBeUndefined();
    expect(writes.lastConflict).toBeUndefined();
  });

  test("are forgotten when the transaction ends, and not before", () => {
    writes.note(UPDATE, [1]);
    connection.emit("readyForQuery", { status: "T" });
    expect(contested()).toBe(1);
    connection.emit("readyForQuery", { status: "I" });
    expect(contested()).toBe(0);
  });

  test("are forgotten when their connection is replaced", () => {
    writes.note(UPDATE, [1]);
    writes.watch(new EventEmitter());
    expect(contested()).toBe(0);
  });

  test("count if their SQL is known, with or without values", () => {
    writes.note(UPDATE, undefined);
    writes.note(undefined, [1]);
    writes.note({ text: UPDATE }, [1]);
    writes.note("UPDATE accounts SET n = 1 WHERE id = 7", "no list");
    expect(contested()).toBe(1);
  });

  test("lead to no turns if there are more than a hundred", () => {
    for (const _transaction of [1, 2]) {
      for (let count = 0; count < 100; count++) writes.note(undefined, []);
      for (let count = 0; count < 100; count++) writes.note(UPDATE, [1]);
      expect(contested()).toBe(1);
      writes.note(UPDATE, [1]);
      expect(contested()).toBe(0);
      connection.emit("readyForQuery", { status: "I" });
    }
  });
});

describe("a commit", () => {
  /** Whether work that takes turns over the row of {@link UPDATE} notices what happens. */
  async function isNoticed(act: () => void): Promise<boolean> {
    const error = conflict();
    noteContestedRows(error, "cluster", () => writtenRows([{ text: UPDATE, values: [1] }]));
    const limits = { patienceMs: 10_000, signal: undefined };
    const [mine, other] = [new Turns({ cluster: "cluster" }), new Turns({ cluster: "cluster" })];
    for (const turns of [mine, other]) await turns.take(() => Promise.reject(error), limits);
    const lose = (begun: () => void) => {
      begun();
      act();
      return Promise.reject(error);
    };
    const outcome = await mine.take(lose, limits);
    for (const turns of [mine, other]) turns.end();
    return (outcome as { retryAtOnce: boolean }).retryAtOnce;
  }

  test("is noticed by work that waits for the rows that it wrote", async () => {
    expect(await isNoticed(() => {})).toBe(false);
    const commit = () => {
      writes.note(UPDATE, [1]);
      connection.emit("readyForQuery", { status: "T" });
      connection.emit("commandComplete", { text: "COMMIT" });
      connection.emit("readyForQuery", { status: "I" });
    };
    expect(await isNoticed(commit)).toBe(true);
    expect(await isNoticed(() => connection.emit("readyForQuery", { status: "I" }))).toBe(false);
  });

  test("is not noticed while the transaction is open, after a ROLLBACK, or after an error", async () => {
    const beginning = () => writes.note(UPDATE, [1]);
    const ways: (() => void)[] = [
      () => connection.emit("readyForQuery", { status: "T" }),
      () => {
        connection.emit("commandComplete", { text: "ROLLBACK" });
        connection.emit("readyForQuery", { status: "I" });
      },
      () => {
        beginning();
        connection.emit("errorMessage", serverError("23505", "no"));
        connection.emit("readyForQuery", { status: "I" });
      },
    ];
    for (const way of ways)
      expect(
        await isNoticed(() => {
          beginning();
          way();
        }),
      ).toBe(false);
    expect(
      await isNoticed(() => {
        beginning();
        connection.emit("readyForQuery", { status: "I" });
      }),
    ).toBe(true);
  });

  test("on a new connection is noticed although the old one had failed", async () => {
    connection.emit("errorMessage", serverError("23505", "no"));
    connection = new EventEmitter();
    writes.watch(connection);
    const commit = () => {
      writes.note(UPDATE, [1]);
      connection.emit("readyForQuery", { status: "I" });
    };
    expect(await isNoticed(commit)).toBe(true);
  });
});
