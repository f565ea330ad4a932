/**
 * Turns offsets in UTF-8 bytes, as the parser counts them, into UTF-16 units, as strings do. ASCII text, the
 * common case, costs nothing.
 */
export function utf16Offsets(text: string): (byteOffset: number) => number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: this is what ASCII is.
  if (/^[\x00-\x7f]*$/.test(text)) return (byteOffset) => byteOffset;
  const wide: { byte: number; unit: number }[] = [{ byte: 0, unit: 0 }];
  let byte = 0;
  for (let unit = 0; unit < text.length; ) {
    const codePoint = text.codePointAt(unit) as number;
    const units = codePoint > 0xffff ? 2 : 1;
    const bytes = codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
    byte += bytes;
    unit += units;
    if (bytes > 1) wide.push({ byte, unit });
  }
  return (byteOffset) => {
    let low = 0;
    let high = wide.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((wide[middle]?.byte ?? 0) <= byteOffset) low = middle;
      else high = middle - 1;
    }
    const { byte: before, unit } = wide[low] ?? { byte: 0, unit: 0 };
    return unit + byteOffset - before;
  };
}

/** The offset in UTF-16 units of the code point with that number, from 0. */
export function offsetOfCodePoint(text: string, index: number): number {
  let unit = 0;
  for (let count = 0; count < index && unit < text.length; count++)
    unit += (text.codePointAt(unit) as number) > 0xffff ? 2 : 1;
  return unit;
}

/** Finds the line and the column of an offset, both from 1. */
export function lineFinder(text: string): (offset: number) => { line: number; column: number } {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}
