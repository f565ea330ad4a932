import { acceptEdited, forget, markApplied, releaseLock } from "../../apply/repair.ts";
import type { PlannedMigration } from "../../plan/migration.ts";
import { type Command, EXIT, parseCommand, UsageError } from "../command.ts";
import { CONNECTION_OPTIONS, CONNECTION_USAGE, withPool } from "../connect.ts";
import { PLAN_OPTIONS, planOptions } from "../plan-options.ts";
import { planPaths } from "../read-migrations.ts";
import { oneFolder } from "./deploy.ts";

const usage = `Usage: dsql-migrate repair <folder> <one of the options below>

For the few cases that need a person. A deployment that was killed needs none: deploy again.

  --accept <name>             an applied migration was edited and does the same: store its new checksum
  --applied <name>            record a migration as applied without running it
  --forget <name>             forget a half-applied migration after you have undone by hand what it did
  --release-lock              take the lock from a holder that is known to be dead
${CONNECTION_USAGE}
  --help                      print this text
`;

export const repair: Command = {
  summary: "correct the records of migrations by hand",
  usage,
  async run(argv, terminal) {
    const { values, positionals } = parseCommand(argv, "repair", {
      ...CONNECTION_OPTIONS,
      ...PLAN_OPTIONS,
      accept: { type: "string" },
      applied: { type: "string" },
      forget: { type: "string" },
      "release-lock": { type: "boolean" },
    });
    const chosen = ["accept", "applied", "forget", "release-lock"].filter((option) => option in values);
    if (chosen.length !== 1) {
      throw new UsageError(
        "Give one of --accept, --applied, --forget and --release-lock. See dsql-migrate repair --help.",
      );
    }
    return await withPool(values, terminal, async (pool) => {
      if (values["release-lock"] === true) {
        const holder = await releaseLock(pool);
        terminal.stdout.write(
          holder === undefined ? "Nobody held the lock.\n" : `The lock was taken from ${holder.owner}.\n`,
        );
        return EXIT.ok;
      }
      if (values.forget !== undefined) {
        await forget({ pool }, values.forget);
        terminal.stdout.write(
          `${values.forget} is forgotten: the next deployment runs it from its first step.\n`,
        );
        return EXIT.ok;
      }
      const migrations = await planPaths([oneFolder(positionals, "repair")], planOptions(values), terminal);
      if (values.accept !== undefined) {
        await acceptEdited({ pool }, named(migrations, values.accept));
        terminal.stdout.write(`The edited ${values.accept} is accepted.\n`);
      }
      if (values.applied !== undefined) {
        await markApplied({ pool }, named(migrations, values.applied));
        terminal.stdout.write(`${values.applied} is recorded as applied; nothing was run.\n`);
      }
      return EXIT.ok;
    });
  },
};

function named(migrations: readonly PlannedMigration[], name: string): PlannedMigration {
  const found = migrations.find((migration) => migration.name === name);
  if (found !== undefined) return found;
  throw new UsageError(
    `There is no migration ${name}: the folder has ${migrations.map((migration) => migration.name).join(", ") || "none"}.`,
  );
}
