import { styleText } from "node:util";

/** What is asked of a stream: a terminal knows whether it has colours, and whether NO_COLOR forbids them. */
interface Output {
  hasColors?(): boolean;
}

/** A text in a colour, where the stream is a terminal with colours. */
export function colored(stream: Output, style: Parameters<typeof styleText>[0], text: string): string {
  return stream.hasColors?.() ? styleText(style, text) : text;
}
