export interface Workspace {
  folder: string;
  manifest: { name: string; private?: boolean; exports: Record<string, unknown> };
}

export interface Entry {
  /** The name to import it by. */
  name: string;
}

export const root: string;
export function packages(): Workspace[];
export function publicPackages(): Workspace[];
export function entriesOf(manifest: Workspace["manifest"]): Entry[];
export function sourceOf(entry: Entry): string;
