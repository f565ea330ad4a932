declare module "pg-cursor" {
  /** As much of pg-cursor as the tests need; the package brings no types. */
  export default class Cursor<R = unknown> {
    constructor(sql: string, parameters?: unknown[]);
    read(rowCount: number): Promise<R[]>;
    close(): Promise<void>;
  }
}
