/** More links than any chain of real errors has; it ends a walk along getters that make a new error each time. */
const MAX_ERRORS = 100;

/** A property of anything, also where its getter throws. */
export function readProperty(value: object, name: string): unknown {
  try {
    return (value as Readonly<Record<string, unknown>>)[name];
  } catch {
    return undefined;
  }
}

/** How verdicts compare, and the one of an error that nobody can judge. */
export interface Ranking<V> {
  ranks: (verdict: V) => number;
  nothing: V;
}

/**
 * The strongest verdict among an error and the errors that it wraps. The members of an AggregateError count together as
 * their weakest, because running the work again helps only if it would mend all of them; but what is stronger than any retry
 * (a rank of 5) counts alone. Cycles end the walk.
 */
export function followErrors<V>(error: unknown, judge: (error: object) => V, ranking: Ranking<V>): V {
  const seen = new Set<object>();
  const visit = (current: unknown): V => {
    if (typeof current !== "object" || current === null) return ranking.nothing;
    if (seen.has(current) || seen.size >= MAX_ERRORS) return ranking.nothing;
    seen.add(current);
    const members = readProperty(current, "errors");
    const verdicts = [judge(current), ...wrapped(current).map(visit)];
    if (Array.isArray(members) && members.length > 0) verdicts.push(together(members.map(visit), ranking));
    return verdicts.reduce((best, next) => (ranking.ranks(next) > ranking.ranks(best) ? next : best));
  };
  return visit(error);
}

function together<V>(verdicts: V[], { ranks }: Ranking<V>): V {
  const byRank = verdicts.toSorted((a, b) => ranks(a) - ranks(b));
  const strongest = byRank.at(-1) as V;
  return ranks(strongest) >= 5 ? strongest : (byRank[0] as V);
}

function wrapped(error: object): unknown[] {
  const meta = readProperty(error, "meta");
  const links = [readProperty(error, "cause"), readProperty(error, "originalError")];
  if (typeof meta === "object" && meta !== null) links.push(readProperty(meta, "driverAdapterError"));
  return links;
}
