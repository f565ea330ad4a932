/** One figure, with its baseline and its goal. */
export interface Finding {
  bench: string;
  case: string;
  metric: string;
  unit: string;
  value: number;
  /** The same metric of what this is compared with, from the same run; null where there is none. */
  baseline: number | null;
  /** `value / baseline`. */
  ratio: number | null;
  /** The goal, such as `ratio <= 1.05`; null if there is none. */
  goal: string | null;
  /** Whether the goal is met. */
  holds: boolean | null;
}

/** A goal for the value itself or for its ratio to the baseline. */
export interface Goal {
  of: "value" | "ratio";
  /** Which side of the limit is good. */
  is: "<=" | ">=";
  limit: number;
}

/** A figure before its ratio and goal are worked out. */
export interface Measured {
  bench: string;
  case: string;
  metric: string;
  unit: string;
  value: number;
  baseline?: number | undefined;
  goal?: Goal | undefined;
}

/** Computes the ratio, and whether the goal is met. A figure that is not a number meets no goal. */
export function finding(measured: Measured): Finding {
  const { goal, baseline = null, value, ...names } = measured;
  const ratio = baseline === null ? null : value / baseline;
  const judged = goal?.of === "ratio" ? ratio : value;
  return {
    ...names,
    value: rounded(value),
    baseline: baseline === null ? null : rounded(baseline),
    ratio: ratio === null ? null : rounded(ratio),
    goal: goal === undefined ? null : `${goal.of} ${goal.is} ${goal.limit}`,
    holds: goal === undefined ? null : judged !== null && meets(judged, goal),
  };
}

function meets(judged: number, { is, limit }: Goal): boolean {
  return is === "<=" ? judged <= limit : judged >= limit;
}

/** Four digits are more than any of these measurements can tell apart. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
