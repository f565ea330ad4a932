import { defineConfig } from "drizzle-kit";

/** The endpoint that `push.ts` names. */
const { host, port, password, ca } = JSON.parse(process.env.DRIZZLE_KIT_TARGET ?? "{}") as {
  host: string;
  port: number;
  password: string;
  ca: string;
};

export default defineConfig({
  dialect: "postgresql",
  schema: "./schema.ts",
  // With --force it would drop the other tables.
  tablesFilter: ["kit_*"],
  dbCredentials: {
    host: "127.0.0.1",
    port,
    user: "admin",
    database: "postgres",
    password,
    ssl: { ca, servername: host },
  },
});
