import { fileURLToPath } from "node:url";
import { generateClients } from "../scripts/generate.js";

/** Vitest's global set-up: the clients that the tests import. */
export default function generate(): void {
  generateClients([fileURLToPath(new URL("schema", import.meta.url))]);
}
