/** A position in a schema file; both count from 1. */
export interface Position {
  line: number;
  column: number;
}

/** A value as written: `"text"`, `255`, `Desc`, `autoincrement()`, `[a, b(sort: Desc)]`, `{ a: 1 }`. */
export type Value = Position &
  (
    | { kind: "text"; text: string }
    | { kind: "name"; text: string }
    | { kind: "call"; text: string; args: Argument[] }
    | { kind: "list"; items: Value[] }
    | { kind: "object"; entries: Argument[] }
  );

/** One argument of an attribute or a function; `name` is absent when it was given by position. */
export interface Argument {
  name?: string | undefined;
  value: Value;
}

/** `@id`, `@db.VarChar(255)`, `@@index([a, b])`, without the at signs. */
export interface Attribute extends Position {
  name: string;
  args: Argument[];
}

/** One column or relation of a model, or one value of an enum (whose type is the empty string). */
export interface Field extends Position {
  name: string;
  type: string;
  /** The text between the quotes of `Unsupported("…")`. */
  unsupportedType?: string | undefined;
  list: boolean;
  optional: boolean;
  attributes: Attribute[];
}

/** `key = value` of a datasource or a generator. */
interface Property extends Position {
  name: string;
  value: Value;
}

/** One block of a schema: model, view, type, enum, datasource or generator. */
export interface Block extends Position {
  keyword: string;
  name: string;
  fields: Field[];
  attributes: Attribute[];
  properties: Property[];
}

/** One parsed schema file. */
export interface SchemaFile {
  path: string;
  blocks: Block[];
}

/** A schema that is not valid Prisma schema language; `prisma validate` says more about it. */
export class SchemaSyntaxError extends Error {
  override readonly name = "SchemaSyntaxError";
  readonly position: Position;
  /** The file, if it is known. */
  readonly path: string | undefined;

  constructor(message: string, position: Position, path?: string, options?: ErrorOptions) {
    super(path === undefined ? message : `${path}:${position.line}:${position.column} ${message}`, options);
    this.position = position;
    this.path = path;
  }
}
