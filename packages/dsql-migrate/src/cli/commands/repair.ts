import { type MigrationRepair, releaseLock, repairMigration } from "../../apply/repair.ts";
import { type Command, EXIT, parseCommand, UsageError } from "../command.ts";
import { CONNECTION_OPTIONS, CONNECTION_USAGE, withPool } from "../connect.ts";
import { PLAN_OPTIONS, planOptions } from "../plan-options.ts";
import type { MigrationSource } from "../source.ts";

const usageOf = ({
  program,
  synopsis,
  usage,
}: MigrationSource) => `Usage: ${program} repair${synopsis} <one of the options below>

For the few cases that need a person. A deployment that was killed does not: deploy again.

  --accept <name>             an applied migration was edited and still does the same: store its new checksum
  --applied <name>            record a migration as applied without running it
  --forget <name>             forget a half-applied migration after you have undone by hand what it did
  --release-lock              take the lock from a holder that is known to be dead
${usage}${CONNECTION_USAGE}
  --help                      print this text
`;

/** The command that corrects the records of a source's migrations. */
export const repairOf = (source: MigrationSource): Command => ({
  summary: "correct the records of migrations by hand",
  usage: usageOf(source),
  async run(argv, terminal) {
    const { values, positionals } = parseCommand(argv, "repair", {
      ...source.options,
      ...CONNECTION_OPTIONS,
      ...PLAN_OPTIONS,
      accept: { type: "string" },
      applied: { type: "string" },
      forget: { type: "string" },
      "release-lock": { type: "boolean" },
    });
    const chosen = ["accept", "applied", "forget", "release-lock"].filter((option) => option in values);
    if (chosen.length !== 1) {
      throw new UsageError("Give one of --accept, --applied, --forget and --release-lock. See --help.");
    }
    return await withPool(values, terminal, async (pool) => {
      if (values["release-lock"] === true) {
        const holder = await releaseLock(pool);
        terminal.stdout.write(
          holder === undefined ? "Nobody held the lock.\n" : `The lock was taken from ${holder.owner}.\n`,
        );
        return EXIT.ok;
      }
      const { migrations, history } = await source.load(
        { positionals, values },
        planOptions(values),
        terminal,
      );
      const repair = async (change: MigrationRepair, done: string) => {
        await repairMigration({ pool, history }, migrations, change);
        terminal.stdout.write(`${done}\n`);
      };
      const { accept, applied, forget } = values;
      if (forget !== undefined)
        await repair({ forget }, `${forget} is forgotten: the next deployment runs it from its first step.`);
      if (accept !== undefined) await repair({ accept }, `The edited ${accept} is accepted.`);
      if (applied !== undefined)
        await repair({ applied }, `${applied} is recorded as applied; nothing was run.`);
      return EXIT.ok;
    });
  },
});
