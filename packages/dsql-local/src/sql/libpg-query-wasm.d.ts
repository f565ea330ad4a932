declare module "libpg-query/wasm/libpg-query.js" {
  /** The exports of libpg_query's Emscripten build that are called without libpg-query's own wrapper. A number is an address. */
  export interface PgQueryModule {
    _malloc(size: number): number;
    _free(pointer: number): void;
    _wasm_parse_query_raw(text: number): number;
    _wasm_free_parse_result(result: number): void;
    getValue(pointer: number, type: "i32"): number;
    lengthBytesUTF8(text: string): number;
    stringToUTF8(text: string, pointer: number, maxBytes: number): void;
    UTF8ToString(pointer: number): string;
  }
  const load: (options?: {
    printErr?: ((line: string) => void) | undefined;
    print?: ((line: string) => void) | undefined;
  }) => Promise<PgQueryModule>;
  export default load;
}
