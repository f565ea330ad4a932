import { keysOf } from "../keys.ts";
import type { Field } from "../schema-tree.ts";
import { finding, nativeTypeOf, type Rule, textOf } from "../schema-view.ts";

const mostBytes = 2000;

/** A key whose columns are declared longer than DSQL takes; what is stored under it has a limit too, which no schema shows. */
export const keySize: Rule = (schema) =>
  schema.models.flatMap((model) =>
    keysOf(model).flatMap(({ attribute, columns }) => {
      const fields = columns.flatMap(({ name }) => model.fields.find((field) => field.name === name) ?? []);
      const bytes = fields.reduce((sum, field) => sum + declaredBytes(field), 0);
      if (bytes <= mostBytes) return [];
      return finding(model.path, attribute, {
        rule: "key-size",
        severity: "error",
        message: `This key of ${model.name} is declared ${bytes} bytes long; DSQL takes ${mostBytes}.`,
        advice: "Declare its columns shorter, or put a hash of the text into the key.",
      });
    }),
  );

function declaredBytes(field: Field): number {
  const native = nativeTypeOf(field);
  if (native?.type !== "VarChar" && native?.type !== "Char") return 0;
  return Number(textOf(native.args[0]?.value) ?? 0);
}
