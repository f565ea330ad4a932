import { describeMigrations } from "adapter-conformance/migrations";

describeMigrations({ name: "Kysely", child: new URL("migrate-child.js", import.meta.url) });
