import {
  type Argument,
  type Attribute,
  type Block,
  type Field,
  type Position,
  SchemaSyntaxError,
  type Value,
} from "./schema-tree.ts";
import { type Token, tokenize } from "./tokens.ts";

/**
 * Parses a file in Prisma's schema language into blocks with their positions.
 *
 * @throws SchemaSyntaxError when a block cannot be read.
 */
export function parseSchema(source: string): Block[] {
  return new SchemaReader(tokenize(source)).schema();
}

class SchemaReader {
  #at = 0;
  readonly #tokens: Token[];

  constructor(tokens: Token[]) {
    this.#tokens = tokens;
  }

  schema(): Block[] {
    const blocks: Block[] = [];
    for (this.#skipLines(); this.#next.kind !== "end"; this.#skipLines()) blocks.push(this.#block());
    return blocks;
  }

  #block(): Block {
    const keyword = this.#word("a block such as model or datasource");
    const name = this.#word(`the name of the ${keyword.text}`);
    const block: Block = { ...positionOf(keyword), keyword: keyword.text, name: name.text, ...emptyBody() };
    this.#sign("{");
    for (this.#skipLines(); !this.#took("}"); this.#skipLines()) this.#entry(block);
    return block;
  }

  #entry(block: Block): void {
    if (this.#took("@@")) {
      block.attributes.push(this.#attribute());
      return;
    }
    const name = this.#word(`a line of ${block.keyword} ${block.name}`);
    if (this.#took("=")) {
      block.properties.push({ ...positionOf(name), name: name.text, value: this.#value() });
      return;
    }
    block.fields.push(this.#field(name));
  }

  #field(name: Token): Field {
    const type = this.#next.kind === "word" ? this.#take().text : "";
    const field: Field = {
      ...positionOf(name),
      name: name.text,
      type,
      list: false,
      optional: false,
      attributes: [],
    };
    if (type === "Unsupported") field.unsupportedType = stringArgument(this.#arguments()[0]);
    if (this.#took("[")) {
      this.#sign("]");
      field.list = true;
    }
    field.optional = this.#took("?");
    while (this.#took("@")) field.attributes.push(this.#attribute());
    if (this.#next.kind !== "line-end" && !this.#is("}")) throw this.#unexpected("the end of the line");
    return field;
  }

  #attribute(): Attribute {
    const name = this.#word("the name of an attribute");
    return { ...positionOf(name), name: name.text, args: this.#is("(") ? this.#arguments() : [] };
  }

  #arguments(): Argument[] {
    this.#sign("(");
    return this.#separated(")", () => this.#argument());
  }

  #argument(): Argument {
    const value = this.#value();
    if (value.kind !== "name" || !this.#took(":")) return { value };
    this.#skipLines();
    return { name: value.text, value: this.#value() };
  }

  #value(): Value {
    const at = positionOf(this.#next);
    if (this.#took("[")) return { kind: "list", items: this.#separated("]", () => this.#value()), ...at };
    if (this.#took("{"))
      return { kind: "object", entries: this.#separated("}", () => this.#argument()), ...at };
    if (this.#next.kind !== "text" && this.#next.kind !== "word") throw this.#unexpected("a value");
    const { kind, text } = this.#take();
    if (kind === "text") return { kind, text, ...at };
    return this.#is("(")
      ? { kind: "call", text, args: this.#arguments(), ...at }
      : { kind: "name", text, ...at };
  }

  #separated<T>(close: string, item: () => T): T[] {
    const items: T[] = [];
    for (this.#skipLines(); !this.#took(close); this.#skipLines()) {
      items.push(item());
      this.#skipLines();
      if (!this.#is(close)) this.#sign(",");
    }
    return items;
  }

  get #next(): Token {
    return this.#tokens[this.#at] as Token;
  }

  #take(): Token {
    const token = this.#next;
    if (token.kind !== "end") this.#at += 1;
    return token;
  }

  #is(sign: string): boolean {
    return this.#next.kind === "sign" && this.#next.text === sign;
  }

  #took(sign: string): boolean {
    const matches = this.#is(sign);
    if (matches) this.#at += 1;
    return matches;
  }

  #sign(sign: string): void {
    if (!this.#took(sign)) throw this.#unexpected(`"${sign}"`);
  }

  #word(what: string): Token {
    if (this.#next.kind !== "word") throw this.#unexpected(what);
    return this.#take();
  }

  #skipLines(): void {
    while (this.#next.kind === "line-end") this.#at += 1;
  }

  #unexpected(wanted: string): SchemaSyntaxError {
    const { kind, text } = this.#next;
    const found = kind === "line-end" ? "the end of the line" : kind === "end" ? "the end of the file" : text;
    return new SchemaSyntaxError(`expected ${wanted}, found ${found}`, positionOf(this.#next));
  }
}

function positionOf({ line, column }: Position): Position {
  return { line, column };
}

function emptyBody(): Pick<Block, "fields" | "attributes" | "properties"> {
  return { fields: [], attributes: [], properties: [] };
}

function stringArgument(argument: Argument | undefined): string | undefined {
  return argument?.value.kind === "text" ? argument.value.text : undefined;
}
