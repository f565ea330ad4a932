import { describeMigrations } from "adapter-conformance/migrations";

describeMigrations({ name: "Prisma", child: new URL("migrate-child.js", import.meta.url) });
