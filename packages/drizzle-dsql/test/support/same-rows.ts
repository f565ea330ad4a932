import type { Logger } from "drizzle-orm";
import { beforeAll, expect, it } from "vitest";
import { Texts } from "./texts.ts";

/** Relational queries by what they show, for one version of drizzle-orm. */
export type Queries<D> = Record<string, (db: D) => Promise<unknown>>;

/** A database of this package on DSQL, and one of drizzle-orm itself on PostgreSQL. */
export interface Sides<D> {
  ours: D;
  installed: D;
  inTransaction(run: (db: D) => Promise<unknown>): Promise<unknown>;
}

/** Registers a test for each query: that both sides return the same rows, and what was sent for them. */
export function itReturnsTheSameRows<D>(
  { sentAsBuilt, joinedInside }: { sentAsBuilt: Queries<D>; joinedInside: Queries<D> },
  open: (oursSends: Logger, installedSends: Logger) => Sides<D>,
): void {
  const oursSends = new Texts();
  const installedSends = new Texts();
  let sides: Sides<D>;
  beforeAll(() => {
    sides = open(oursSends, installedSends);
  });

  async function expectSameRows(run: (db: D) => Promise<unknown>): Promise<void> {
    oursSends.take();
    installedSends.take();
    const expected = await run(sides.installed);
    expect(expected).toBeInstanceOf(Object);
    expect(await run(sides.ours)).toEqual(expected);
  }

  for (const [title, run] of Object.entries(sentAsBuilt)) {
    it(`for ${title}, sent as drizzle-orm builds it`, async () => {
      await expectSameRows(run);
      expect(oursSends.take()).toEqual(installedSends.take());
    });
  }

  for (const [title, run] of Object.entries(joinedInside)) {
    it(`for ${title}, joined by INNER JOIN LATERAL`, async () => {
      await expectSameRows(run);
      expect(oursSends.take().join()).toContain("inner join lateral");
    });
  }

  it("inside a transaction too", async () => {
    for (const run of Object.values({ ...sentAsBuilt, ...joinedInside })) {
      expect(await sides.inTransaction(run)).toEqual(await run(sides.installed));
    }
  });
}
