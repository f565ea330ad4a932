import { argumentOf, columnsOf, finding, type Rule, textOf } from "../schema-view.ts";

// Functions of extensions, and DSQL takes none.
const fromExtensions = /\b(uuid_generate_v[1345]\w*|gen_random_bytes|nanoid|ulid)\s*\(/i;

/** Defaults that call a function which DSQL does not have. */
export const defaults: Rule = (schema) =>
  schema.models.flatMap((model) =>
    columnsOf(model, schema).flatMap(({ name, attributes }) =>
      attributes.flatMap((attribute) => {
        const value = attribute.name === "default" ? argumentOf(attribute.args, "value", 0) : undefined;
        if (value?.kind !== "call" || value.text !== "dbgenerated") return [];
        const called = fromExtensions.exec(textOf(value.args[0]?.value) ?? "")?.[1];
        if (called === undefined) return [];
        return finding(model.path, attribute, {
          rule: "default-function",
          severity: "error",
          message: `The default of ${model.name}.${name} calls ${called}(), which comes from an extension, and DSQL has none.`,
          advice:
            'Take dbgenerated("gen_random_uuid()"), or a default that Prisma makes: uuid(), cuid(), ulid(), nanoid().',
        });
      }),
    ),
  );
