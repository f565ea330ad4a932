import { describeMigrations } from "adapter-conformance/migrations";

describeMigrations({ name: "plain SQL", child: new URL("../children/sql-child.js", import.meta.url) });
