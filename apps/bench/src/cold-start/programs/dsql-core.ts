import { DsqlPool } from "dsql-core";
import { target } from "../target.ts";

const pool = new DsqlPool({ ...target(), user: "admin" });
await pool.query("SELECT 1");
await pool.end();
