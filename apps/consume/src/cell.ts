import type { Endpoint } from "./endpoint.ts";
import type { Tarballs } from "./tarballs.ts";
import type { Tools } from "./tools.ts";

/** What every cell of the table can use. */
export interface Context {
  tarballs: Tarballs;
  endpoint: Endpoint;
  tools: Tools;
  /** An empty folder, which is removed at the end. */
  emptyFolder(name: string): Promise<string>;
  /** Creates something once, for all cells that name it. */
  once<T>(name: string, make: () => Promise<T>): Promise<T>;
}

/** One line of the table: a way to install, compile or bundle the packages, and a real transaction in it. */
export interface Cell {
  /** Group and case: `esbuild: minified`. */
  name: string;
  /** Whether it is one of those that run in `.ci/run`. */
  short?: boolean;
  /** Rejects if the packages do not work; the value that it resolves to is shown in the table. */
  run(context: Context): Promise<string | undefined>;
}
