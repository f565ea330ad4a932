import { describeMigrations } from "adapter-conformance/migrations";

describeMigrations({ name: "Drizzle", child: new URL("migrate-child.js", import.meta.url) });
