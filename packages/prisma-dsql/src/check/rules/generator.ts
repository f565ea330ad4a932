import type { Value } from "../schema-tree.ts";
import { blocksOf, finding, type Rule, textOf } from "../schema-view.ts";

/** Preview features whose SQL DSQL does not support. */
const unusable: Record<string, { message: string; advice: string }> = {
  fullTextSearchPostgres: {
    message: "DSQL has no text search configurations and no tsvector type.",
    advice: "Remove the feature; use contains or startsWith, or a search service.",
  },
  postgresqlExtensions: {
    message: "DSQL refuses CREATE EXTENSION.",
    advice: "Remove the feature and the extensions of the datasource.",
  },
};

export const generator: Rule = (schema) =>
  blocksOf(schema, "generator").flatMap(({ path, properties }) =>
    properties
      .filter(({ name }) => name === "previewFeatures")
      .flatMap(({ value }) => itemsOf(value))
      .flatMap((item) => {
        const why = unusable[textOf(item) ?? ""];
        return why ? finding(path, item, { rule: "preview-feature", severity: "error", ...why }) : [];
      }),
  );

function itemsOf(value: Value): Value[] {
  return value.kind === "list" ? value.items : [];
}
