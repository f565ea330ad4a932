import { CompiledQuery } from "kysely";
import { expect, test } from "vitest";
import { nothing, type Reaction } from "../../dsql-core/test/scripted-server.ts";
import { useScriptedDatabase } from "./scripted-database.ts";

const { server, connect } = useScriptedDatabase();

const ROWS = CompiledQuery.raw("rows 3");
const failed: Reaction = (session) => session.error("22012", "division by zero");

test("a stream without a cursor class says what it needs, before anything is sent", async () => {
  const { connection } = await connect({ cursor: undefined });
  await expect(connection.streamQuery(ROWS, 1).next()).rejects.toThrow("pg-cursor");
  expect(server.received).toEqual([]);
});

test.each([0, -1, 1.5, Number.NaN])("a stream refuses chunks of %d rows", async (chunkSize) => {
  const { connection } = await connect();
  await expect(connection.streamQuery(ROWS, chunkSize).next()).rejects.toThrow("chunkSize");
  expect(server.received).toEqual([]);
});

test("a stream sends its parameters", async () => {
  const { connection } = await connect();
  const rows = connection.streamQuery(CompiledQuery.raw("select $1", [1]), 2);
  expect(await rows.next()).toEqual({ done: false, value: { rows: [{ text: "select $1" }] } });
  expect(await rows.next()).toEqual({ done: true, value: undefined });
});

test("an error ends a stream at its first chunk and later, and the connection goes on", async () => {
  const { connection } = await connect();
  server.next(/rows/, failed);
  await expect(connection.streamQuery(ROWS, 1).next()).rejects.toMatchObject({ code: "22012" });
  const rows = connection.streamQuery(ROWS, 1);
  await rows.next();
  server.next(/rows/, failed);
  await expect(rows.next()).rejects.toMatchObject({ code: "22012" });
  expect(await rows.next()).toEqual({ done: true, value: undefined });
  expect((await connection.executeQuery(CompiledQuery.raw("select 1"))).rows).toHaveLength(1);
});

test("an error ends a stream at once, although the server says nothing more", async () => {
  const { connection } = await connect();
  server.next(/rows/, (session, text) => {
    failed(session, text);
    nothing(session, text);
  });
  await expect(connection.streamQuery(ROWS, 1).next()).rejects.toMatchObject({ code: "22012" });
});

test("a stream that is left on a lost connection ends", async () => {
  const { connection } = await connect();
  for await (const _ of connection.streamQuery(ROWS, 1)) {
    server.session.cut();
    break;
  }
  await expect(connection.executeQuery(CompiledQuery.raw("select 1"))).rejects.toThrow();
});
