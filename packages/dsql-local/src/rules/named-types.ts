import { identifier, literal } from "../sql/quoting.ts";
import { namesOf } from "../sql/tree.ts";
import { type CatalogRule, catalogRule } from "./rule.ts";
import { isColumnType, isRefusedColumnType } from "./type-names.ts";

/** A column may have a domain as its type, but not the row type of a table. */
export const namedTypeRules: readonly CatalogRule[] = [
  catalogRule(
    "ColumnDef",
    { rule: "column-type", advice: "Use jsonb, or a separate column for each field.", page: "dataTypes" },
    ({ typeName }) => !isColumnType(typeName) && !isRefusedColumnType(typeName) && typeName,
    async (type, catalog) => {
      const name = namesOf(type.names).map(identifier).join(".");
      const [[shown] = []] = await catalog.query(
        `SELECT pg_catalog.format_type(oid, NULL) FROM pg_catalog.pg_type
         WHERE oid = pg_catalog.to_regtype(${literal(name)}) AND typtype = 'c'`,
      );
      return shown && `datatype ${shown} not supported`;
    },
  ),
];
