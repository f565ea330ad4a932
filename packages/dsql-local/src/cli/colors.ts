import { styleText } from "node:util";

/** The part of a stream that is needed: a terminal reports whether it has colours, and respects NO_COLOR. */
interface Output {
  hasColors?(): boolean;
}

/** A string in a colour, if the stream is a terminal with colours. */
export function colored(stream: Output, style: Parameters<typeof styleText>[0], text: string): string {
  return stream.hasColors?.() ? styleText(style, text) : text;
}
