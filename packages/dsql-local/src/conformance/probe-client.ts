import pg from "pg";
import { signToken } from "../auth/sign-token.ts";
import type { LocalDsql } from "../endpoint/local-dsql.ts";
import type { Observation } from "./recording.ts";

/** The events of pg's connection that are used here. */
interface Messages {
  on(event: "commandComplete", listener: (message: { text: string }) => void): void;
}

const asText = { getTypeParser: () => (text: string) => text } as unknown as pg.CustomTypesConfig;

/** A connection that sends single statements and records the responses, values as text. */
export class ProbeClient {
  readonly #client: pg.Client;
  #tags: string[] = [];

  private constructor(client: pg.Client) {
    this.#client = client;
    const { connection } = client as unknown as { connection: Messages };
    connection.on("commandComplete", ({ text }) => this.#tags.push(text));
  }

  static async connect(local: LocalDsql): Promise<ProbeClient> {
    const { host, hostaddr, port, user, database, ca, region, credentials } = local.connection;
    const password = signToken({ host, region, user, credentials });
    const client = new pg.Client({
      host: hostaddr,
      port,
      user,
      database,
      password,
      ssl: { ca, servername: host },
    });
    client.on("error", () => undefined);
    await client.connect();
    return new ProbeClient(client);
  }

  /** Runs one step: by the extended protocol, or as a simple query. */
  async observe(text: string, simple: boolean): Promise<Observation> {
    this.#tags = [];
    const mode = simple ? {} : ({ queryMode: "extended" } as const);
    const query = { text, rowMode: "array" as const, types: asText, ...mode };
    try {
      const answer = (await this.#client.query(query)) as unknown as
        | pg.QueryArrayResult
        | pg.QueryArrayResult[];
      const results = [answer].flat().map((result, index) => this.#result(result, index));
      return results.length > 1 ? { outcome: "ok", results } : { outcome: "ok", ...results[0] };
    } catch (error) {
      const { code, message } = error as pg.DatabaseError;
      return { outcome: "error", sqlstate: code, message };
    }
  }

  end(): Promise<void> {
    return this.#client.end();
  }

  #result(result: pg.QueryArrayResult, index: number): NonNullable<Observation["results"]>[number] {
    const columns = result.fields.map((field) => field.name);
    const rows = result.rows as (string | null)[][];
    return {
      command_tag: this.#tags[index],
      ...(columns.length > 0 && { columns }),
      ...(rows.length > 0 && { rows }),
    };
  }
}
