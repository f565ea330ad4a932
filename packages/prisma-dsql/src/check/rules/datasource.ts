import { blocksOf, finding, type Rule, textOf } from "../schema-view.ts";

/** DSQL is PostgreSQL without extensions. */
export const datasource: Rule = (schema) =>
  blocksOf(schema, "datasource").flatMap(({ path, properties }) =>
    properties.flatMap((property) => {
      const value = textOf(property.value);
      if (property.name === "provider" && value !== "postgresql" && value !== "postgres") {
        return finding(path, property, {
          rule: "provider",
          severity: "error",
          message: `The provider is ${value}; the adapter supports only postgresql.`,
          advice: 'Write provider = "postgresql".',
        });
      }
      if (property.name === "extensions") {
        return finding(path, property, {
          rule: "extensions",
          severity: "error",
          message: "DSQL refuses CREATE EXTENSION.",
          advice: "Remove the line; gen_random_uuid() needs no extension.",
        });
      }
      return [];
    }),
  );
