/** Replaces `[start, end)` of a text; with `start === end` it inserts. */
export interface Edit {
  start: number;
  end: number;
  text: string;
}

/** Applies edits to `[from, to)` of a text; those at the same position keep the order in which they were made. */
export function applyEdits(text: string, from: number, to: number, edits: readonly Edit[]): string {
  if (edits.length === 0) return text.slice(from, to);
  const sorted = edits
    .map((edit, order) => ({ ...edit, order }))
    .sort((a, b) => a.start - b.start || a.end - b.end || a.order - b.order);
  let result = "";
  let at = from;
  for (const edit of sorted) {
    // An edit inside one that has been applied is part of what was replaced.
    if (edit.start < at) continue;
    result += text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return result + text.slice(at, to);
}
