import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LocalDsql, startLocalDsql } from "../../src/index.ts";
import { connect } from "../support/client.ts";
import { randomFrom } from "./schedule.ts";

/** How many histories run, and from which seed. */
const HISTORIES = Number(process.env.DSQL_HISTORIES ?? 8);
const FIRST_SEED = Number(process.env.DSQL_HISTORY_SEED ?? 1);
/** A history takes some hundred milliseconds; what takes this long hangs. */
const WATCHDOG_MS = 90_000;
const TRANSACTIONS = 7;
const COINS = 400;

/** Tables whose keys differ in type from what refers to them, one deferred key, and one table without a primary key. */
const SCHEMA: readonly string[] = [
  "CREATE TABLE counter (id int PRIMARY KEY, v int NOT NULL, note text)",
  "CREATE TABLE purse (id int PRIMARY KEY, coins int NOT NULL CHECK (coins >= 0))",
  "CREATE TABLE price (id bigint PRIMARY KEY, code numeric(10,2) UNIQUE, v int)",
  "CREATE TABLE line (id bigint PRIMARY KEY, code numeric(10,4) REFERENCES price (code), note text)",
  "CREATE TABLE day (id bigint PRIMARY KEY, d date UNIQUE, v int)",
  "CREATE TABLE visit (id bigint PRIMARY KEY, at timestamp REFERENCES day (d), note text)",
  "CREATE TABLE owner (id bigint PRIMARY KEY, v int)",
  `CREATE TABLE pet (id bigint PRIMARY KEY,
     owner_id bigint REFERENCES owner DEFERRABLE INITIALLY DEFERRED, note text)`,
  "CREATE TABLE loose (k int, v int NOT NULL)",
];
const TABLES = ["counter", "purse", "price", "line", "day", "visit", "owner", "pet", "loose"];

/** Rows that refer to nothing. */
const ORPHANS = `SELECT 'line' AS t, l.id FROM line AS l WHERE NOT EXISTS (SELECT FROM price AS p WHERE p.code = l.code)
  UNION ALL SELECT 'visit', v.id FROM visit AS v WHERE NOT EXISTS (SELECT FROM day AS d WHERE d.d = v.at)
  UNION ALL SELECT 'pet', p.id FROM pet AS p WHERE NOT EXISTS (SELECT FROM owner AS o WHERE o.id = p.owner_id)`;

let dsql: LocalDsql;
let keeper: pg.Client;

beforeAll(async () => {
  dsql = await startLocalDsql({
    indexBuildMs: 5,
    limits: { connectionRate: 10_000, connectionBurst: 10_000 },
  });
  keeper = await connect(dsql);
  for (const sql of SCHEMA) await keeper.query(sql);
});
afterAll(async () => {
  await keeper?.end();
  await dsql?.stop();
});

type Failure = { code: string | undefined; message: string };
/** How a transaction ended; unknown where its connection was cut while it committed. */
type End = "committed" | "not committed" | "unknown";

/** What the sessions of one history have done, for the check at its end. */
class History {
  readonly name: string;
  readonly random: (below: number) => number;
  readonly hasDdl: boolean;
  readonly hasDisconnects: boolean;
  /** Set once a session has sent DDL; from then on OC001 is right. */
  hasRunDdl = false;
  /** Values of `counter.v` that committed transactions were given, by row. */
  readonly given = new Map<number, number[]>();
  readonly unknown = new Map<number, number>();
  looseCommitted = 0;
  looseUnknown = 0;
  readonly notes = new Map<string, string>();
  /** What each session is doing, for the watchdog. */
  readonly doing: string[] = [];
  readonly log: string[] = [];
  #ids = 1000;

  constructor(seed: number) {
    this.random = randomFrom(seed);
    this.hasDdl = seed % 2 === 0;
    this.hasDisconnects = seed % 3 === 0;
    this.name = `seed ${seed}`;
  }

  nextId(): number {
    return ++this.#ids;
  }

  fail(what: string): never {
    throw new Error(`${this.name}: ${what}\n${this.log.slice(-80).join("\n")}`);
  }
}

class Cut extends Error {}

/** One client, which may be cut off and comes back. */
class Session {
  readonly #history: History;
  readonly #number: number;
  readonly #isLatin: boolean;
  #client: pg.Client | undefined;

  constructor(history: History, number: number) {
    this.#history = history;
    this.#number = number;
    this.#isLatin = number % 3 === 1;
  }

  async open(): Promise<void> {
    const client = await connect(dsql);
    this.#client = client;
    // The driver goes on to write and read UTF-8, which the server takes for other characters.
    if (this.#isLatin) await client.query("SET client_encoding TO 'LATIN1'");
  }

  async close(): Promise<void> {
    await this.#client?.end().catch(() => undefined);
  }

  /** How a text of this session is stored. */
  stored(text: string): string {
    return this.#isLatin ? Buffer.from(text).toString("latin1") : text;
  }

  async query(sql: string): Promise<pg.QueryResult> {
    const history = this.#history;
    if (history.random(3) === 0) await sleep(history.random(6));
    if (history.hasDisconnects && history.random(60) === 0) this.#cut(sql);
    history.doing[this.#number] = sql;
    try {
      const result = await (this.#client as pg.Client).query(sql);
      history.log.push(`${this.#number}: ${sql} -> ${result.command} ${result.rowCount}`);
      return result;
    } catch (error) {
      history.log.push(`${this.#number}: ${sql} -> ${(error as Failure).code} ${(error as Failure).message}`);
      throw error;
    } finally {
      history.doing[this.#number] = "";
    }
  }

  /** Sends a statement or nothing, and goes away without waiting. */
  #cut(sql: string): never {
    const client = this.#client as pg.Client & { connection: { stream: { destroy(): void } } };
    if (this.#history.random(2) === 0) void client.query(sql).catch(() => undefined);
    this.#history.log.push(`${this.#number}: cut at ${sql}`);
    setImmediate(() => client.connection.stream.destroy());
    this.#client = undefined;
    throw new Cut();
  }

  /** Runs a transaction; errors that its body does not expect are those of conflicts. */
  async transaction(body: () => Promise<void>, isPrivate = false): Promise<End> {
    let isCommitting = false;
    try {
      await this.query("BEGIN");
      await body();
      isCommitting = true;
      const { command } = await this.query("COMMIT");
      return command === "COMMIT" ? "committed" : "not committed";
    } catch (error) {
      return this.#ended(error, isCommitting, isPrivate);
    } finally {
      if (!this.#client) await this.open();
      else await this.#client.query("ROLLBACK");
    }
  }

  /** Runs one statement that commits itself. */
  async alone(sql: string): Promise<{ end: End; rows: pg.QueryResultRow[] }> {
    try {
      return { end: "committed", rows: (await this.query(sql)).rows };
    } catch (error) {
      return { end: this.#ended(error, true, false), rows: [] };
    } finally {
      if (!this.#client) await this.open();
    }
  }

  #ended(error: unknown, isCommitting: boolean, isPrivate: boolean): End {
    if (error instanceof Cut) return isCommitting ? "unknown" : "not committed";
    const { code, message } = error as Failure;
    if (error instanceof Expected) return "not committed";
    if (code !== "40001") throw this.#history.fail(`unexpected ${code} ${message}`);
    if (message.includes("OC001") && !this.#history.hasRunDdl)
      this.#history.fail("OC001 where nobody ran DDL");
    if (isPrivate && message.includes("OC000"))
      this.#history.fail("OC000 to a transaction that shares no row");
    return "not committed";
  }
}

/** A failure that the transaction has asked for. */
class Expected extends Error {}

/** Runs a statement that must fail in this way, or in a conflict. */
async function mustFail(session: Session, history: History, sql: string, code: string): Promise<void> {
  try {
    await session.query(sql);
  } catch (error) {
    if ((error as Failure).code === code) throw new Expected();
    throw error;
  }
  history.fail(`${sql} should have failed with ${code}`);
}

const pick = <T>(history: History, list: readonly T[]): T => list[history.random(list.length)] as T;

async function increment(session: Session, history: History): Promise<void> {
  const rows = Array.from({ length: 1 + history.random(3) }, () => 1 + history.random(4));
  const mine: [number, number][] = [];
  const end = await session.transaction(async () => {
    if (history.random(2) === 0) await session.query("SELECT * FROM counter");
    for (const id of rows) {
      const { rows: told } = await session.query(
        `UPDATE counter SET v = v + 1, note = 'né${id}' WHERE id = ${id} RETURNING v`,
      );
      if (told.length !== 1) history.fail(`UPDATE of counter ${id} changed ${told.length} rows`);
      mine.push([id, told[0].v]);
    }
  });
  count(history, mine, end);
}

function count(history: History, values: readonly (readonly [number, number])[], end: End): void {
  for (const [id, v] of values) {
    if (end === "committed") history.given.set(id, [...(history.given.get(id) ?? []), v]);
    if (end === "unknown") history.unknown.set(id, (history.unknown.get(id) ?? 0) + 1);
  }
}

async function incrementAlone(session: Session, history: History): Promise<void> {
  const id = 1 + history.random(4);
  const { end, rows } = await session.alone(`UPDATE counter SET v = v + 1 WHERE id = ${id} RETURNING v`);
  count(history, end === "committed" ? [[id, rows[0]?.v]] : [[id, 0]], end);
}

async function transfer(session: Session, history: History): Promise<void> {
  const [from, to] = [1 + history.random(4), 1 + history.random(4)];
  await session.transaction(async () => {
    const { rows } = await session.query(`SELECT coins FROM purse WHERE id = ${from} FOR UPDATE`);
    const coins = Math.min(rows[0].coins, 1 + history.random(5));
    await session.query(`UPDATE purse SET coins = coins - ${coins} WHERE id = ${from}`);
    await session.query(`UPDATE purse SET coins = coins + ${coins} WHERE id = ${to}`);
  });
}

async function audit(session: Session, history: History): Promise<void> {
  await session.transaction(async () => {
    for (let time = 0; time < 3; time++) {
      const { rows } = await session.query("SELECT sum(coins)::int AS coins FROM purse");
      if (rows[0].coins !== COINS) history.fail(`a snapshot holds ${rows[0].coins} coins`);
    }
  });
}

async function incrementLoose(session: Session, history: History): Promise<void> {
  const k = 1 + history.random(2);
  let changed = 0;
  const end = await session.transaction(async () => {
    changed = (await session.query(`UPDATE loose SET v = v + 1 WHERE k = ${k}`)).rowCount ?? 0;
    if (history.random(2) === 0) await session.query("SELECT * FROM loose");
  });
  if (end === "committed") history.looseCommitted += changed;
  if (end === "unknown") history.looseUnknown += changed;
}

/** A parent with a key of one type, a child with a reference of another. */
const PAIRS = [
  { parent: "price", child: "line", key: "code", reference: "code", values: ["1", "2.5", "3.00"] },
  {
    parent: "day",
    child: "visit",
    key: "d",
    reference: "at",
    values: ["'2026-01-01'", "'2026-01-02'", "'0044-03-15 BC'"],
  },
] as const;

async function addParent(session: Session, history: History): Promise<void> {
  const { parent, key, values } = pick(history, PAIRS);
  const value = pick(history, values);
  await session.transaction(async () => {
    const { rows } = await session.query(`SELECT id FROM ${parent} WHERE ${key} = ${value}`);
    const insert = `INSERT INTO ${parent} (id, ${key}) VALUES (${history.nextId()}, ${value})`;
    if (rows.length > 0) await mustFail(session, history, insert, "23505");
    else await session.query(insert);
  });
}

async function removeParent(session: Session, history: History): Promise<void> {
  const { parent, child, key, reference, values } = pick(history, PAIRS);
  const value = pick(history, values);
  await session.transaction(async () => {
    const { rows } = await session.query(`SELECT id FROM ${child} WHERE ${reference} = ${value}`);
    const remove = `DELETE FROM ${parent} WHERE ${key} = ${value}`;
    const exists = (await session.query(`SELECT FROM ${parent} WHERE ${key} = ${value}`)).rowCount ?? 0;
    if (rows.length > 0 && exists > 0 && history.random(2) === 0)
      await mustFail(session, history, remove, "23503");
    await session.query(`DELETE FROM ${child} WHERE ${reference} = ${value}`);
    await session.query(remove);
  });
}

async function addChild(session: Session, history: History): Promise<void> {
  const { parent, child, key, reference, values } = pick(history, PAIRS);
  const value = pick(history, values);
  await session.transaction(async () => {
    const { rows } = await session.query(`SELECT id FROM ${parent} WHERE ${key} = ${value}`);
    const insert = `INSERT INTO ${child} (id, ${reference}, note) VALUES (${history.nextId()}, ${value}, 'ü')`;
    if (rows.length === 0) await mustFail(session, history, insert, "23503");
    await session.query(insert);
    if (history.random(3) === 0) await session.query(`UPDATE ${parent} SET v = 1 WHERE ${key} = ${value}`);
  });
}

/** A deferred key: the child first, its parent later or never. */
async function deferred(session: Session, history: History): Promise<void> {
  const [owner, pet] = [history.nextId(), history.nextId()];
  const hasOwner = history.random(2) === 0;
  let isChecked = false;
  const end = await session
    .transaction(async () => {
      await session.query(`INSERT INTO pet VALUES (${pet}, ${owner}, 'ñandú')`);
      await session.query("UPDATE counter SET v = v WHERE id = 1");
      if (hasOwner) await session.query(`INSERT INTO owner VALUES (${owner}, 0)`);
      if (history.random(3) > 0) return;
      isChecked = true;
      // A transaction that has lost is told so at COMMIT, not here.
      await session.query("SET CONSTRAINTS ALL IMMEDIATE");
    })
    .catch((error: unknown) => {
      if (!hasOwner && /unexpected 23503/.test((error as Error).message)) return "not committed" as const;
      throw error;
    });
  if (end === "committed" && !hasOwner) history.fail(`an orphan was committed, checked: ${isChecked}`);
}

/** Rows that no other transaction touches: nothing but DDL of others can be in its way. */
async function privately(session: Session, history: History): Promise<void> {
  const [owner, pet, counter] = [history.nextId(), history.nextId(), history.nextId()];
  const note = `naïve ${"é\\\"',()".repeat(1 + history.random(3))}`;
  const literal = `'${note.replaceAll("'", "''")}'`;
  const end = await session.transaction(async () => {
    await session.query(`INSERT INTO counter VALUES (${counter}, 0, ${literal})`);
    await session.query(`INSERT INTO owner VALUES (${owner}, 0)`);
    await session.query(`INSERT INTO pet VALUES (${pet}, ${owner}, 'x')`);
    await session.query(`UPDATE pet SET note = 'y' WHERE id = ${pet}`);
    const { rows } = await session.query(`SELECT note, v FROM counter WHERE id = ${counter}`);
    if (rows.length !== 1 || rows[0].note !== note) history.fail(`read ${JSON.stringify(rows)} for ${note}`);
    if (history.random(2) === 0) await session.query(`DELETE FROM pet WHERE id = ${pet}`);
  }, true);
  if (end === "committed") history.notes.set(String(counter), session.stored(note));
}

async function ddl(session: Session, history: History): Promise<void> {
  const table = pick(history, ["counter", "price", "line", "owner", "pet", "visit", "purse"]);
  const name = `x${history.nextId()}`;
  const statement = pick(history, [
    `ALTER TABLE ${table} ADD COLUMN ${name} text`,
    `CREATE TABLE ${name} (id int PRIMARY KEY)`,
    `ALTER TABLE ${table} ADD CONSTRAINT ${name} CHECK (id > 0) NOT VALID`,
    `CREATE INDEX ASYNC ${name} ON ${table} (id)`,
  ]);
  history.hasRunDdl = true;
  await session.transaction(async () => {
    await session.query(statement);
    if (history.random(2) === 0) await sleep(20);
    if (history.random(3) === 0) throw new Expected();
  });
}

const KINDS = [
  increment,
  increment,
  incrementAlone,
  transfer,
  transfer,
  audit,
  incrementLoose,
  addParent,
  removeParent,
  addChild,
  addChild,
  deferred,
  privately,
  privately,
] as const;

/** Runs the keeper's own SQL, which may have to learn of DDL first. */
async function keep(sql: string): Promise<pg.QueryResult> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await keeper.query(sql);
    } catch (error) {
      if ((error as Failure).code !== "40001" || attempt > 20) throw error;
    }
  }
}

async function reset(): Promise<void> {
  const { rows } =
    await keep(`SELECT c.relname AS t, a.attname AS name, 'COLUMN' AS kind FROM pg_attribute AS a
      JOIN pg_class AS c ON c.oid = attrelid WHERE attname ~ '^x\\d' AND c.relkind = 'r' AND NOT attisdropped
    UNION ALL SELECT conrelid::regclass::text, conname, 'CONSTRAINT' FROM pg_constraint WHERE conname ~ '^x\\d+$'
    UNION ALL SELECT '', relname, 'INDEX' FROM pg_class WHERE relkind = 'i' AND relname ~ '^x\\d+$'
    UNION ALL SELECT '', relname, 'TABLE' FROM pg_class WHERE relkind = 'r' AND relname ~ '^x\\d+$'`);
  for (const { t, name, kind } of rows) {
    await keep(t === "" ? `DROP ${kind} ${name}` : `ALTER TABLE ${t} DROP ${kind} ${name}`);
  }
  for (const table of [...TABLES].reverse()) await keep(`DELETE FROM ${table}`);
  await keep("INSERT INTO counter SELECT id, 0, '' FROM generate_series(1, 4) AS id");
  await keep(`INSERT INTO purse SELECT id, ${COINS / 4} FROM generate_series(1, 4) AS id`);
  await keep("INSERT INTO price VALUES (1, 1, 0), (2, 2.5, 0)");
  await keep("INSERT INTO day VALUES (1, '2026-01-01', 0)");
  await keep("INSERT INTO loose VALUES (1, 0), (1, 0), (2, 0)");
}

async function run(history: History, seed: number): Promise<void> {
  const sessions = Array.from({ length: 4 + (seed % 5) }, (_, number) => new Session(history, number));
  try {
    await Promise.all(sessions.map((session) => session.open()));
    await Promise.all(
      sessions.map(async (session, number) => {
        for (let n = 0; n < TRANSACTIONS; n++) {
          const isDdl = history.hasDdl && number === 0 && n % 2 === 0;
          await (isDdl ? ddl : pick(history, KINDS))(session, history);
        }
      }),
    );
  } finally {
    await Promise.all(sessions.map((session) => session.close()));
  }
}

async function check(history: History): Promise<void> {
  const { rows: orphans } = await keep(ORPHANS);
  if (orphans.length > 0) history.fail(`orphans: ${JSON.stringify(orphans)}`);
  const { rows: counters } = await keep("SELECT id, v, note FROM counter");
  for (const { id, v, note } of counters) {
    const expected = history.notes.get(String(id));
    if (expected !== undefined && note !== expected) history.fail(`stored ${note} for ${expected}`);
    if (id > 4) continue;
    const given = history.given.get(id) ?? [];
    if (new Set(given).size !== given.length) history.fail(`counter ${id} lost an update: ${given}`);
    if (v < given.length || v > given.length + (history.unknown.get(id) ?? 0)) {
      history.fail(`counter ${id} is ${v}, ${given.length} committed`);
    }
  }
  for (const id of history.notes.keys()) {
    if (!counters.some((row) => String(row.id) === id)) history.fail(`committed row ${id} is not there`);
  }
  const { rows: purses } = await keep("SELECT sum(coins)::int AS coins FROM purse");
  expect(purses, history.name).toEqual([{ coins: COINS }]);
  const { rows: loose } = await keep("SELECT sum(v)::int AS v FROM loose");
  expect(loose[0].v, history.name).toBeGreaterThanOrEqual(history.looseCommitted);
  expect(loose[0].v, history.name).toBeLessThanOrEqual(history.looseCommitted + history.looseUnknown);
}

async function watched(history: History, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const hang = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const doing = history.doing.map((sql, number) => `${number} is at: ${sql || "nothing"}`);
      reject(new Error(`${history.name} hangs\n${doing.join("\n")}\n${history.log.slice(-40).join("\n")}`));
    }, WATCHDOG_MS);
  });
  try {
    await Promise.race([work, hang]);
  } finally {
    clearTimeout(timer);
  }
}

describe("random histories of 4 to 8 sessions", () => {
  it(
    `hang nowhere, leave no orphan, lose no update and meet no false error: ${HISTORIES} from seed ${FIRST_SEED}`,
    async () => {
      for (let seed = FIRST_SEED; seed < FIRST_SEED + HISTORIES; seed++) {
        const history = new History(seed);
        await watched(history, reset());
        await watched(history, run(history, seed));
        await watched(history, check(history));
        if (process.env.DSQL_HISTORIES) console.info(`${history.name}: ${history.log.length} statements`);
      }
    },
    HISTORIES * 3 * WATCHDOG_MS,
  );
});
