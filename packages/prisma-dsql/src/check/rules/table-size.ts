import { columnsOf, finding, type Rule } from "../schema-view.ts";

const maxTableColumns = 255;

/** The number of columns that a table can have. */
export const tableSize: Rule = (schema) =>
  schema.models.flatMap((model) => {
    const columns = columnsOf(model, schema).length;
    if (columns <= maxTableColumns) return [];
    return finding(model.path, model, {
      rule: "column-count",
      severity: "error",
      message: `${model.name} has ${columns} columns; DSQL's limit is ${maxTableColumns}.`,
      advice: "Move some of them to a second model with the same key, or into a Json column.",
    });
  });
