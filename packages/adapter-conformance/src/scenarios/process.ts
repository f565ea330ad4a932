import { expect } from "vitest";
import { phases } from "../child/phases.ts";
import { runChild } from "../child/run-child.ts";
import type { Scenario, Theme } from "../scenario.ts";

const expected = Object.fromEntries(Object.entries(phases).map(([name, phase]) => [name, phase.outcome]));

function survives(listens: boolean): Scenario {
  return async ({ adapter, local }) => {
    const { exitCode, outcomes, stderr } = await runChild(adapter, local, listens);
    expect({ exitCode, outcomes, stderr }).toEqual({ exitCode: 0, outcomes: expected, stderr: "" });
  };
}

/** A separate process, which loses its connection in every phase, and then exits because nothing is left to do. */
export const childProcess = {
  "survives a lost connection in every phase, without an error listener on the pool": survives(false),
  "survives a lost connection in every phase, with an error listener on the pool": survives(true),
} satisfies Theme;
