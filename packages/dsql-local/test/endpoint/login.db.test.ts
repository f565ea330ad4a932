import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";
import { DsqlSigner } from "@aws-sdk/dsql-signer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LocalDsql, startLocalDsql } from "../../src/index.ts";
import { GSS_REQUEST_CODE, SSL_REQUEST_CODE, startup } from "../../src/wire/frontend-messages.ts";
import { int32 } from "../../src/wire/message-writer.ts";
import { connect, refusedLogin } from "../support/client.ts";

let local: LocalDsql;
beforeAll(async () => {
  local = await startLocalDsql();
});
afterAll(() => local?.stop());

const denied = { code: "08006", message: "unable to accept connection, access denied", severity: "FATAL" };

describe("a login", () => {
  it("with a token of the AWS SDK is let in, whichever way TLS begins", async () => {
    const signer = new DsqlSigner({
      hostname: local.host,
      region: local.region,
      credentials: local.credentials,
    });
    for (const sslnegotiation of ["postgres", "direct"] as const) {
      const password = await signer.getDbConnectAdminAuthToken();
      const client = await connect(local, { password, sslnegotiation });
      const { rows } = await client.query("SELECT current_user, session_user, current_database()");
      expect(rows).toEqual([{ current_user: "admin", session_user: "admin", current_database: "postgres" }]);
      await client.end();
    }
  });

  it("goes on with TLS where encryption by GSSAPI was asked for first", async () => {
    const request = (code: number): Buffer => Buffer.concat([int32(8), int32(code)]);
    const socket = connectTcp(local.port, "127.0.0.1");
    for (const [code, answer] of [
      [GSS_REQUEST_CODE, "N"],
      [SSL_REQUEST_CODE, "S"],
    ] as const) {
      socket.write(request(code));
      const [told] = await once(socket, "data");
      expect(String(told)).toBe(answer);
    }
    const secured = connectTls({ socket, ca: local.ca, servername: local.host });
    await once(secured, "secureConnect");
    secured.destroy();
  });

  it("tells the parameters that a DSQL session has", async () => {
    const client = await connect(local);
    const { rows } = await client.query(
      `SELECT version(), current_setting('server_version') AS told, current_setting('SERVER_VERSION_NUM', true) AS num,
              current_setting('transaction_isolation') AS isolation, current_setting('timezone') AS zone,
              current_setting('nothing.here', true) AS nothing, current_setting('disable_sync_create_index') AS sync, current_setting('client_min_messages') AS least`,
    );
    expect(rows).toEqual([
      {
        version: "PostgreSQL 16",
        told: "16.15",
        num: "160015",
        isolation: "repeatable read",
        zone: "UTC",
        nothing: null,
        sync: "on",
        least: "notice",
      },
    ]);
    await client.end();
  });

  it("with a bad token is refused as DSQL does", async () => {
    const { host, region } = local;
    const other = { accessKeyId: local.credentials.accessKeyId, secretAccessKey: "another" };
    const wrongSecret = new DsqlSigner({ hostname: host, region, credentials: other });
    const wrongHost = new DsqlSigner({ hostname: "db.example.com", region, credentials: local.credentials });
    const wrongRegion = new DsqlSigner({
      hostname: host,
      region: "eu-west-1",
      credentials: local.credentials,
    });
    for (const signer of [wrongSecret, wrongHost, wrongRegion]) {
      const error = await refusedLogin(local, { password: await signer.getDbConnectAdminAuthToken() });
      expect(error).toMatchObject(denied);
    }
    expect(await refusedLogin(local, { password: "not a token" })).toMatchObject(denied);
    expect(await refusedLogin(local, { password: "" })).toBeInstanceOf(Error);
  });

  it("with a token for ordinary users is refused for admin, with DSQL's hint", async () => {
    const error = await refusedLogin(local, { password: local.token({ user: "worker" }) });
    expect(error).toMatchObject({
      ...denied,
      hint: "Wrong user to action mapping. user: admin, action: DbConnect",
    });
  });

  it("without a role that may log in and that IAM was given is refused", async () => {
    const admin = await connect(local);
    expect(await refusedLogin(local, { user: "nobody_here" })).toMatchObject(denied);
    await admin.query("CREATE ROLE unmapped WITH LOGIN");
    expect(await refusedLogin(local, { user: "unmapped" })).toMatchObject(denied);
    expect(await refusedLogin(local, { user: "postgres" })).toMatchObject(denied);
    await admin.end();
  });

  it("without SNI is refused as DSQL does", async () => {
    const error = await refusedLogin(local, { ssl: { ca: local.ca, checkServerIdentity: () => undefined } });
    expect(error).toMatchObject({
      code: "08006",
      message: "unable to accept connection, sni was not received",
      severity: "FATAL",
    });
  });

  it("without TLS is refused", async () => {
    const socket = connectTcp(local.port, "127.0.0.1");
    socket.write(startup({ user: "admin", database: "postgres" }));
    const answer = await new Promise<Buffer>((resolve) => socket.once("data", resolve));
    expect(answer.toString()).toContain("unable to accept connection, SSL is required");
    socket.destroy();
  });

  it("with a parameter that DSQL does not support is refused", async () => {
    for (const option of ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"]) {
      expect(await refusedLogin(local, { [option]: 1000 })).toMatchObject({
        code: "0A000",
        message: `setting configuration parameter "${option}" not supported`,
        severity: "FATAL",
      });
    }
  });

  it("to another database is refused", async () => {
    expect(await refusedLogin(local, { database: "shop" })).toMatchObject({
      code: "3D000",
      message: 'database "shop" does not exist',
    });
  });

  it("takes search_path from options", async () => {
    const client = await connect(local, { options: "-c search_path=elsewhere" });
    expect((await client.query("SHOW search_path")).rows).toEqual([{ search_path: "elsewhere" }]);
    await client.end();
  });

  it("is counted", () => {
    expect(local.stats.tokensVerified).toBeGreaterThan(0);
    expect(local.stats.tokensRefused).toBeGreaterThan(0);
  });
});
