/** How a client's texts are decoded: as UTF-8, or byte by byte if the client has chosen another encoding. */
export type TextEncoding = "utf8" | "latin1";

/**
 * Reads `client_encoding` as PostgreSQL reports it.
 *
 * In every other encoding that is supported, bytes below 128 are ASCII. So SQL can be read with one character for each
 * byte, and is sent on byte for byte; PostgreSQL converts it.
 */
export function textEncodingOf(clientEncoding: string | undefined): TextEncoding {
  return clientEncoding === undefined || clientEncoding === "UTF8" ? "utf8" : "latin1";
}

/** Encodings whose characters can contain ASCII bytes, by PostgreSQL's names and aliases. */
const AMBIGUOUS: Readonly<Record<string, string>> = {
  big5: "BIG5",
  win950: "BIG5",
  windows950: "BIG5",
  gb18030: "GB18030",
  gbk: "GBK",
  win936: "GBK",
  windows936: "GBK",
  johab: "JOHAB",
  sjis: "SJIS",
  mskanji: "SJIS",
  shiftjis: "SJIS",
  win932: "SJIS",
  windows932: "SJIS",
  shiftjis2004: "SHIFT_JIS_2004",
  uhc: "UHC",
  win949: "UHC",
  windows949: "UHC",
};

/** Names that `ambiguousEncoding` knows, as PostgreSQL compares them: lower case, letters and digits alone. */
export const AMBIGUOUS_ENCODINGS: readonly string[] = Object.keys(AMBIGUOUS);

/** The name of an encoding that the endpoint does not support; undefined for all others. */
export function ambiguousEncoding(name: string): string | undefined {
  return AMBIGUOUS[name.toLowerCase().replace(/[^a-z0-9]/g, "")];
}

/** A zero-terminated text. */
export const terminated = (text: string, encoding: TextEncoding): Buffer =>
  Buffer.from(`${text}\0`, encoding);
