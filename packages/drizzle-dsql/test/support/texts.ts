import type { Logger } from "drizzle-orm";

/** A logger of Drizzle that keeps the texts it was shown. */
export class Texts implements Logger {
  #seen: string[] = [];

  logQuery(text: string): void {
    this.#seen.push(text);
  }

  /** What was seen since it was last asked. */
  take(): string[] {
    const seen = this.#seen;
    this.#seen = [];
    return seen;
  }
}
