import { columnsOf, finding, type Rule } from "../schema-view.ts";

/** DSQL has no array columns. */
export const scalarLists: Rule = (schema) =>
  schema.models.flatMap((model) =>
    columnsOf(model, schema)
      .filter(({ list }) => list)
      .map((field) =>
        finding(model.path, field, {
          rule: "scalar-list",
          severity: "error",
          message: `${model.name}.${field.name} is ${field.type}[], and DSQL has no array columns.`,
          advice: "Use a Json column, or a model of its own with a relation.",
        }),
      ),
  );
