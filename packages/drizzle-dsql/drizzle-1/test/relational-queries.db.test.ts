import { drizzle as installedDrizzle } from "drizzle-orm/node-postgres";
import { describe } from "vitest";
import { drizzle } from "../../src/index.ts";
import { itReturnsTheSameRows } from "../../test/support/same-rows.ts";
import { useLibrary } from "../../test/support/use-library.ts";
import { joinedInside } from "./support/joined-queries.ts";
import { type Library, sentAsBuilt } from "./support/library-queries.ts";
import { relations } from "./support/library-relations.ts";

const { pool, plain } = useLibrary();

describe.each([{ jit: false }, { jit: true }])(
  "with %o, a relational query returns on DSQL what drizzle-orm returns on PostgreSQL",
  ({ jit }) => {
    itReturnsTheSameRows({ sentAsBuilt, joinedInside }, (oursSends, installedSends) => {
      const ours = drizzle(pool(), { relations, jit, logger: oursSends });
      const stock = { client: plain(), relations, jit, logger: installedSends };
      const installed: Library = installedDrizzle(stock);
      return { ours, installed, inTransaction: (run) => ours.transaction(async (tx) => await run(tx)) };
    });
  },
);
