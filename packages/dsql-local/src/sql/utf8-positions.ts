/** Turns positions in UTF-8 bytes, as PostgreSQL's parser counts, into UTF-16 units, as JavaScript does. */
export function utf8Positions(text: string): (bytes: number) => number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the question is whether each character is one byte
  if (/^[\x00-\x7f]*$/.test(text)) return (bytes) => bytes;
  const units = new Uint32Array(Buffer.byteLength(text) + 1);
  let byte = 0;
  let unit = 0;
  for (const character of text) {
    const size = Buffer.byteLength(character);
    units.fill(unit, byte, byte + size);
    byte += size;
    unit += character.length;
  }
  units.fill(unit, byte);
  return (bytes) => units[bytes] ?? unit;
}
