import { parseDataRow } from "../../wire/backend-messages.ts";
import type { WireMessage } from "../../wire/message-reader.ts";
import { int16, int32, message } from "../../wire/message-writer.ts";

/** The endpoint's triggers in a plan, one pattern for each format of EXPLAIN; in text format each row is a line. */
const TRIGGERS: readonly RegExp[] = [
  /^Trigger ~dsql_local.*$/,
  /\n\s*<Trigger>\s*<Trigger-Name>~dsql_local[\s\S]*?<\/Trigger>/g,
  /\n +- Trigger Name: "~dsql_local.*(?:\n {6,}.*)*/g,
];
const JSON_TRIGGERS = /("Triggers": \[)([\s\S]*?)(\n *\])/g;
const JSON_TRIGGER = /\n\s*\{[^{}]*\}/g;

/** A row of EXPLAIN's output without the endpoint's triggers; undefined if nothing is left of it. */
export function withoutOwnTriggers(row: WireMessage): Buffer | undefined {
  const [text] = parseDataRow(row.body);
  if (!text?.includes("~dsql_local")) return row.bytes;
  let shown = text.replace(JSON_TRIGGERS, (_, open: string, triggers: string, close: string) => {
    const others = (triggers.match(JSON_TRIGGER) ?? []).filter(
      (trigger) => !trigger.includes('"~dsql_local'),
    );
    return `${open}${others.join(",")}${close}`;
  });
  for (const pattern of TRIGGERS) shown = shown.replace(pattern, "");
  if (shown === "") return undefined;
  const bytes = Buffer.from(shown);
  return message(row.type, int16(1), int32(bytes.length), bytes);
}
