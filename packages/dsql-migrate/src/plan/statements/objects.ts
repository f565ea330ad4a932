import type { Node } from "libpg-query";
import * as done from "../done.ts";
import { keyOf } from "../schema.ts";
import { identifier, type QualifiedName, qualified } from "../sql/quote.ts";
import { renameQualifier, renameReference } from "../sql/rename.ts";
import { as, constant, type NodeBody, names, only, option, walk } from "../sql/tree.ts";
import type { DoneCheck } from "../step.ts";
import { builtInName, isCheckedEnum, judgeColumnType, signatureType } from "../types.ts";
import { nameOf, type Work } from "../work.ts";
import { close, leavesOwnerOut } from "./alter-table.ts";
import { giveCache, judgeCollation } from "./columns.ts";
import { isTemporary } from "./create-table.ts";
import { nameFrom, renameEnum } from "./enums.ts";
import { judgeBody } from "./expressions.ts";

const ddl = (work: Work, check: DoneCheck, safeToRepeat?: boolean): undefined => {
  work.step({ kind: "ddl", done: check, ...(safeToRepeat !== undefined && { safeToRepeat }) });
};

export function createSchema(work: Work, statement: NodeBody<"CreateSchemaStmt">): undefined {
  if (statement.schemaElts?.length)
    return work.refuse("schema-elements", "CREATE SCHEMA contains other objects.");
  const name = statement.schemaname ?? statement.authrole?.rolename ?? "";
  if (name === "public") return work.leaveOut("schema-public", "The schema public exists already.");
  ddl(work, statement.if_not_exists ? done.REPEATABLE_ADDITION : done.schemaExists(name));
}

const INTEGER_BOUNDS: Record<string, [string, string]> = {
  int2: ["-32768", "32767"],
  int4: ["-2147483648", "2147483647"],
};

export function createSequence(work: Work, statement: NodeBody<"CreateSeqStmt">): undefined {
  const name = nameOf(statement.sequence);
  if (isTemporary(statement.sequence))
    return work.refuse("temporary", "DSQL does not have temporary sequences.");
  if (statement.sequence?.relpersistence === "u") {
    const token = work.tokens[work.word("unlogged")];
    if (token) work.remove(token);
    work.change("table-storage", "UNLOGGED is dropped: DSQL manages storage itself.");
  }
  sequenceType(work, statement.options, true);
  giveCache(work, statement.options, work.statement, false);
  ddl(work, statement.if_not_exists ? done.REPEATABLE_ADDITION : done.relationExists(name));
}

export function alterSequence(work: Work, statement: NodeBody<"AlterSeqStmt">): undefined {
  sequenceType(work, statement.options, false);
  const size = Number(constant(option(statement.options, "cache")?.arg) ?? 1);
  if (size !== 1 && size < 65_536) giveCache(work, statement.options, work.statement, false);
  ddl(work, done.REPEATABLE);
}

/** AS integer becomes AS bigint with the bounds of integer, so that the sequence ends where it would have. */
function sequenceType(work: Work, options: readonly Node[] | undefined, isNew: boolean): undefined {
  const type = option(options, "as");
  if (!type) return;
  const name = builtInName(as("TypeName", type.arg)) ?? "";
  const bounds = INTEGER_BOUNDS[name];
  if (!bounds) return;
  const at = work.tokenFrom(work.at(type.location));
  const range = { start: work.tokens[at]?.start ?? 0, end: work.tokens[at + 1]?.end ?? 0 };
  const isDescending = Number(constant(option(options, "increment")?.arg) ?? 1) < 0;
  const [low, high] = bounds;
  const wanted = isDescending ? "minvalue" : "maxvalue";
  const given = option(options, wanted);
  const bound = isDescending ? `MINVALUE ${low}` : `MAXVALUE ${high}`;
  if (given && given.arg === undefined) {
    // NO MAXVALUE means the type's own bound.
    const no = work.tokenFrom(work.at(given.location));
    work.edit({ start: work.tokens[no]?.start ?? 0, end: work.tokens[no + 1]?.end ?? 0 }, bound);
    work.edit(range, "AS bigint");
  } else work.edit(range, given || !isNew ? "AS bigint" : `AS bigint ${bound}`);
  work.change("sequence-type", "A DSQL sequence is bigint; its bounds stay those of the smaller type.");
}

export function createDomain(work: Work, statement: NodeBody<"CreateDomainStmt">): undefined {
  const name = nameFrom(names(statement.domainname));
  const at = work.at(statement.typeName?.location);
  const range = { start: at, end: work.tokens[work.tokenFrom(at)]?.end ?? at };
  if (statement.collClause) {
    const collate = work.tokenFrom(work.at(statement.collClause.location));
    let last = collate + 1;
    while (work.tokens[last + 1]?.value === ".") last += 2;
    judgeCollation(work, names(statement.collClause.collname), {
      start: work.tokens[collate]?.start ?? 0,
      end: work.tokens[last]?.end ?? 0,
    });
  }
  work.schema.domains.set(keyOf(name), judgeColumnType(work, statement.typeName, range));
  ddl(work, done.domainExists(name));
}

export function alterDomain(work: Work, statement: NodeBody<"AlterDomainStmt">): undefined {
  const name = nameFrom(names(statement.typeName));
  if (statement.subtype === "C" || statement.subtype === "O" || statement.subtype === "V")
    return work.refuse("alter-domain", "DSQL does not add constraints to a domain, or validate them.");
  if (statement.subtype === "X" && !statement.missing_ok)
    return ddl(work, done.domainConstraintGone(name, statement.name ?? ""));
  ddl(work, done.REPEATABLE);
}

export function createView(work: Work, statement: NodeBody<"ViewStmt">): undefined {
  const name = nameOf(statement.view);
  if (isTemporary(statement.view)) return work.refuse("temporary", "DSQL does not have temporary views.");
  const tables: string[] = [];
  walk(statement.query, (kind, body) => {
    if (kind === "RangeVar") tables.push(keyOf(nameOf(body as NodeBody<"RangeVar">)));
  });
  work.schema.views.set(keyOf(name), tables);
  ddl(work, statement.replace ? done.REPEATABLE : done.relationExists(name));
}

export function createFunction(work: Work, statement: NodeBody<"CreateFunctionStmt">): undefined {
  if (statement.is_procedure)
    return work.refuse("function-language", "DSQL does not have procedures.", {
      advice: "Write a function in LANGUAGE sql, or do the work in the application.",
    });
  const language = (constant(option(statement.options, "language")?.arg) ?? "sql").toLowerCase();
  if (language !== "sql")
    return work.refuse("function-language", `DSQL does not have functions in ${language}.`);
  if (names(statement.returnType?.names).at(-1) === "trigger")
    return work.refuse("function-language", "DSQL does not have triggers.", {
      advice: "Do the work in the application's transaction.",
    });
  const body = as("List", option(statement.options, "as")?.arg)?.items ?? [];
  for (const item of body) judgeBody(work, constant(item) ?? "", work.statement);
  ddl(
    work,
    statement.replace
      ? done.REPEATABLE
      : done.functionExists(
          signature(
            work,
            names(statement.funcname),
            only("FunctionParameter", statement.parameters)
              .filter(isInput)
              .map(({ argType }) => argType),
          ),
        ),
  );
}

const isInput = ({ mode }: NodeBody<"FunctionParameter">): boolean =>
  mode !== "FUNC_PARAM_OUT" && mode !== "FUNC_PARAM_TABLE";

function signature(
  work: Work,
  name: readonly string[],
  types: readonly (NodeBody<"TypeName"> | undefined)[],
): string {
  return `${name.map(identifier).join(".")}(${types.map((type) => (isCheckedEnum(work, type) ? "text" : signatureType(type))).join(", ")})`;
}

function signatureOf(work: Work, object: NodeBody<"ObjectWithArgs">): string {
  return signature(work, names(object.objname), only("TypeName", object.objargs));
}

/** Kinds of objects that DSQL has and can drop; an object of another kind cannot exist. */
const DROPPED: ReadonlySet<string> = new Set(
  "OBJECT_TABLE OBJECT_VIEW OBJECT_INDEX OBJECT_SEQUENCE OBJECT_SCHEMA OBJECT_FUNCTION OBJECT_ROUTINE OBJECT_DOMAIN OBJECT_STATISTIC_EXT".split(
    " ",
  ),
);

export function drop(work: Work, statement: NodeBody<"DropStmt">): undefined {
  const kind = statement.removeType ?? "";
  const shown = kind.replace("OBJECT_", "").replaceAll("_", " ").toLowerCase();
  if (kind === "OBJECT_TYPE") return dropType(work, statement);
  if (!DROPPED.has(kind)) {
    if (statement.missing_ok) return work.leaveOut("drop-nothing", `DSQL has no ${shown} to drop.`);
    return work.refuse("drop-refused", `DSQL does not have this kind of object (${shown}).`);
  }
  if (statement.concurrent) {
    const token = work.tokens[work.word("concurrently")];
    if (token) work.remove(token);
    work.change("drop-concurrently", "CONCURRENTLY is dropped: DROP INDEX does not wait for other sessions.");
  }
  const objects = statement.objects ?? [];
  const dotted = objects.flatMap((object) => {
    const list = as("List", object)?.items ?? as("TypeName", object)?.names;
    return list ? nameFrom(names(list)) : [];
  });
  const check = dropCheck(work, kind, objects, dotted);
  for (const name of dotted) forget(work, kind, name, statement.behavior === "DROP_CASCADE");
  ddl(work, statement.missing_ok ? done.REPEATABLE : check);
}

function dropCheck(
  work: Work,
  kind: string,
  objects: readonly Node[],
  dotted: readonly QualifiedName[],
): DoneCheck {
  switch (kind) {
    case "OBJECT_SCHEMA":
      return done.schemasGone(objects.map((object) => as("String", object)?.sval ?? ""));
    case "OBJECT_DOMAIN":
      return done.domainsGone(dotted);
    case "OBJECT_STATISTIC_EXT":
      return done.statisticsGone(dotted);
    case "OBJECT_FUNCTION":
    case "OBJECT_ROUTINE": {
      const functions = only("ObjectWithArgs", objects);
      const bare = functions.filter((object) => object.args_unspecified);
      const full = functions.filter((object) => !object.args_unspecified);
      return done.all([
        ...(bare.length > 0
          ? [done.functionNamesGone(bare.map(({ objname }) => nameFrom(names(objname))))]
          : []),
        ...(full.length > 0 ? [done.functionsGone(full.map((object) => signatureOf(work, object)))] : []),
      ]);
    }
    default:
      return done.relationsGone(dotted);
  }
}

function forget(work: Work, kind: string, name: QualifiedName, isCascade: boolean): undefined {
  const key = keyOf(name);
  if (kind === "OBJECT_DOMAIN") work.schema.domains.delete(key);
  if (kind === "OBJECT_VIEW") work.schema.views.delete(key);
  if (kind === "OBJECT_INDEX")
    for (const table of work.schema.tables.values()) table.indexes.delete(name.name);
  if (kind !== "OBJECT_TABLE") return;
  work.schema.tables.delete(key);
  work.script.tableDrafts.delete(key);
  if (!isCascade) return;
  for (const table of work.schema.tables.values())
    for (const [constraint, { references }] of table.constraints)
      if (references && keyOf(references) === key) table.constraints.delete(constraint);
}

function dropType(work: Work, statement: NodeBody<"DropStmt">): undefined {
  const types = only("TypeName", statement.objects).map(({ names: parts }) => nameFrom(names(parts)));
  const domains = types.filter((name) => work.schema.domains.has(keyOf(name)));
  const enums = types.filter((name) => work.schema.enums.has(keyOf(name)));
  for (const name of enums) {
    const key = keyOf(name);
    const user = [...work.schema.tables.values()].find((table) =>
      [...table.columns.values()].some((column) => column.enum?.type === key),
    );
    if (user && statement.behavior !== "DROP_CASCADE")
      return work.refuse("enum-refused", `The enum ${qualified(name)} is used by ${qualified(user.name)}.`, {
        advice: "Drop or change the column first.",
      });
    work.schema.enums.delete(key);
  }
  if (domains.length > 0) {
    for (const name of domains) work.schema.domains.delete(keyOf(name));
    work.extraStep(
      `DROP DOMAIN ${statement.missing_ok ? "IF EXISTS " : ""}${domains.map(qualified).join(", ")}${statement.behavior === "DROP_CASCADE" ? " CASCADE" : ""}`,
      { kind: "ddl", done: statement.missing_ok ? done.REPEATABLE : done.domainsGone(domains) },
      ["enum-domain", "The enum is a domain."],
    );
  }
  if (enums.length > 0) work.leaveOut("enum-check", `The enum is a CHECK on its columns, not a type.`);
  if (domains.length + enums.length === types.length) return;
  if (statement.missing_ok) work.leaveOut("drop-nothing", "DSQL has no type to drop.");
  else
    work.refuse(
      "drop-refused",
      "No migration creates this type, and DSQL has no user-defined types but domains.",
      {
        advice: "Remove the statement, or use DROP DOMAIN.",
      },
    );
}

export function rename(work: Work, statement: NodeBody<"RenameStmt">): undefined {
  const table = nameOf(statement.relation);
  const from = statement.subname ?? "";
  const to = statement.newname ?? "";
  const renamed = { ...table, name: to };
  const known = work.schema.table(table);
  switch (statement.renameType) {
    case "OBJECT_TABLE":
      if (known) {
        work.schema.tables.delete(keyOf(table));
        known.name = renamed;
        work.schema.tables.set(keyOf(renamed), known);
        for (const index of known.indexes.values())
          index.definition = renameQualifier(index.definition, table.name, to);
        for (const constraint of known.constraints.values())
          if (constraint.kind === "check")
            constraint.definition = renameQualifier(constraint.definition, table.name, to);
        for (const other of work.schema.tables.values())
          for (const constraint of other.constraints.values())
            if (constraint.references && keyOf(constraint.references) === keyOf(table)) {
              constraint.references = renamed;
              constraint.definition = renameReference(constraint.definition, renamed);
            }
      }
      close(work, table);
      moveDraft(work, keyOf(table), keyOf(renamed));
      return ddl(work, done.relationRenamed(table, renamed));
    case "OBJECT_INDEX":
      for (const owner of work.schema.tables.values()) {
        const index = owner.indexes.get(table.name);
        if (!index) continue;
        owner.indexes.delete(table.name);
        owner.indexes.set(to, { ...index, name: to });
      }
      return ddl(work, done.relationRenamed(table, renamed));
    case "OBJECT_VIEW":
    case "OBJECT_SEQUENCE":
      return ddl(work, done.relationRenamed(table, renamed));
    case "OBJECT_COLUMN": {
      if (statement.relationType !== "OBJECT_TABLE" && statement.relationType !== "OBJECT_VIEW") break;
      const column = known?.columns.get(from);
      if (known && column) {
        // Texts of constraints still have the old name of the column, so the table cannot be recreated from them.
        known.complete = false;
        known.columns = new Map(
          [...known.columns].map(([name, entry]) =>
            name === from ? [to, { ...entry, name: to }] : [name, entry],
          ),
        );
        for (const [name, constraint] of known.constraints)
          known.constraints.set(name, {
            ...constraint,
            columns: constraint.columns.map((item) => (item === from ? to : item)),
          });
      }
      close(work, table);
      return ddl(work, done.columnRenamed(table, from, to));
    }
    case "OBJECT_TABCONSTRAINT": {
      const constraint = known?.constraints.get(from);
      if (known && constraint) {
        known.constraints.delete(from);
        known.constraints.set(to, { ...constraint, name: to });
        for (const column of known.columns.values()) {
          if (column.notNullCheck === from) column.notNullCheck = to;
          if (column.enum?.check === from) column.enum.check = to;
        }
      }
      close(work, table);
      return ddl(work, done.constraintRenamed(table, from, to));
    }
    case "OBJECT_SCHEMA":
      return ddl(work, done.schemaRenamed(from, to));
    case "OBJECT_ROLE":
      return ddl(work, done.roleRenamed(from, to));
    case "OBJECT_DOMAIN": {
      const name = nameFrom(names(as("List", statement.object)?.items));
      moveDomain(work, name, to);
      return ddl(work, done.domainRenamed(name, { ...name, name: to }));
    }
    case "OBJECT_DOMCONSTRAINT": {
      const name = nameFrom(names(as("List", statement.object)?.items));
      return ddl(work, done.domainConstraintRenamed(name, from, to));
    }
    case "OBJECT_STATISTIC_EXT": {
      const name = nameFrom(names(as("List", statement.object)?.items));
      return ddl(work, done.statisticsRenamed(name, { ...name, name: to }));
    }
    case "OBJECT_FUNCTION":
    case "OBJECT_ROUTINE": {
      const object = as("ObjectWithArgs", statement.object);
      if (!object) break;
      const parts = names(object.objname);
      const types = only("TypeName", object.objargs);
      return ddl(
        work,
        done.functionRenamed(
          signature(work, parts, types),
          signature(work, [...parts.slice(0, -1), to], types),
        ),
      );
    }
    case "OBJECT_TYPE": {
      const name = nameFrom(names(as("List", statement.object)?.items));
      if (renameEnum(work, name, to)) return;
      if (!work.schema.domains.has(keyOf(name))) break;
      moveDomain(work, name, to);
      work.extraStep(
        `ALTER DOMAIN ${qualified(name)} RENAME TO ${identifier(to)}`,
        { kind: "ddl", done: done.domainRenamed(name, { ...name, name: to }) },
        ["enum-domain", "The enum is a domain."],
      );
      return;
    }
  }
  work.refuse(
    "rename-refused",
    `DSQL does not rename this kind of object (${objectWords(statement.renameType)}).`,
  );
}

function moveDomain(work: Work, name: QualifiedName, to: string): undefined {
  const base = work.schema.domains.get(keyOf(name));
  work.schema.domains.delete(keyOf(name));
  work.schema.domains.set(keyOf({ ...name, name: to }), base);
}

function moveDraft(work: Work, from: string, to: string): undefined {
  const draft = work.script.tableDrafts.get(from);
  if (!draft) return;
  work.script.tableDrafts.delete(from);
  work.script.tableDrafts.set(to, draft);
}

const objectWords = (kind: string | undefined): string =>
  (kind ?? "object").replace("OBJECT_", "").replaceAll("_", " ").toLowerCase();

export function setSchema(work: Work, statement: NodeBody<"AlterObjectSchemaStmt">): undefined {
  const schema = statement.newschema ?? "";
  switch (statement.objectType) {
    case "OBJECT_TABLE":
    case "OBJECT_VIEW":
    case "OBJECT_SEQUENCE": {
      const name = nameOf(statement.relation);
      const known = work.schema.table(name);
      const moved = { schema, name: name.name };
      if (known) {
        work.schema.tables.delete(keyOf(name));
        known.name = moved;
        known.complete = false;
        work.schema.tables.set(keyOf(moved), known);
      }
      close(work, name);
      moveDraft(work, keyOf(name), keyOf(moved));
      return ddl(work, done.relationExists(moved));
    }
    case "OBJECT_DOMAIN":
    case "OBJECT_TYPE":
      return ddl(
        work,
        done.domainExists({ schema, name: names(as("List", statement.object)?.items).at(-1) ?? "" }),
      );
    case "OBJECT_STATISTIC_EXT":
      return ddl(
        work,
        done.statisticsExist({ schema, name: names(as("List", statement.object)?.items).at(-1) ?? "" }),
      );
    case "OBJECT_FUNCTION":
    case "OBJECT_ROUTINE": {
      const object = as("ObjectWithArgs", statement.object);
      if (object)
        return ddl(
          work,
          done.functionExists(
            signature(work, [schema, names(object.objname).at(-1) ?? ""], only("TypeName", object.objargs)),
          ),
        );
    }
  }
  work.refuse(
    "object-refused",
    `DSQL does not have this kind of object (${objectWords(statement.objectType)}).`,
  );
}

const OBJECTS: ReadonlySet<string> = new Set(
  (
    "OBJECT_TABLE OBJECT_COLUMN OBJECT_VIEW OBJECT_INDEX OBJECT_SEQUENCE OBJECT_SCHEMA OBJECT_FUNCTION OBJECT_ROUTINE OBJECT_DOMAIN " +
    "OBJECT_TABCONSTRAINT OBJECT_DOMCONSTRAINT OBJECT_ROLE OBJECT_STATISTIC_EXT OBJECT_DATABASE"
  ).split(" "),
);

export function comment(work: Work, statement: NodeBody<"CommentStmt">): undefined {
  if (statement.objtype === "OBJECT_EXTENSION")
    return work.leaveOut("extension", "There is no extension to comment on.");
  if (statement.objtype === "OBJECT_TYPE") {
    const name = nameFrom(names(as("TypeName", statement.object)?.names));
    if (work.schema.enums.has(keyOf(name)))
      return work.leaveOut(
        "enum-check",
        "The enum is a CHECK on its columns; there is no type to comment on.",
      );
    if (work.schema.domains.has(keyOf(name))) {
      const at = work.word("type");
      const token = work.tokens[at];
      if (token) work.edit(token, "DOMAIN");
      work.change("enum-domain", "The enum is a domain.");
      return ddl(work, done.REPEATABLE);
    }
  }
  if (!OBJECTS.has(statement.objtype ?? ""))
    return work.refuse(
      "object-refused",
      `DSQL does not have this kind of object (${objectWords(statement.objtype)}).`,
    );
  ddl(work, done.REPEATABLE);
}

export function grant(work: Work, statement: NodeBody<"GrantStmt">): undefined {
  const kind = statement.objtype ?? "";
  if (!OBJECTS.has(kind))
    return work.refuse(
      "object-refused",
      `DSQL does not grant on this kind of object (${objectWords(kind)}).`,
    );
  ddl(work, done.REPEATABLE);
}

export function owner(work: Work, statement: NodeBody<"AlterOwnerStmt">): undefined {
  const kind = statement.objectType ?? "";
  if (kind === "OBJECT_TYPE") {
    const name = nameFrom(names(as("List", statement.object)?.items));
    if (work.schema.enums.has(keyOf(name)))
      return work.leaveOut("enum-check", "The enum is a CHECK on its columns; there is no type to own.");
  }
  if (!OBJECTS.has(kind) && kind !== "OBJECT_TYPE")
    return work.refuse("object-refused", `DSQL does not have this kind of object (${objectWords(kind)}).`);
  if (!leavesOwnerOut(work, statement.newowner)) ddl(work, done.REPEATABLE);
}

/** Options that DSQL does not have for a role (user guide, "Database and IAM roles"). */
const REFUSED_ROLE_OPTIONS: Record<string, string> = {
  password: "PASSWORD",
  superuser: "SUPERUSER",
  isreplication: "REPLICATION",
  bypassrls: "BYPASSRLS",
};

export function createRole(work: Work, statement: NodeBody<"CreateRoleStmt">): undefined {
  judgeRoleOptions(work, statement.options);
  ddl(work, done.roleExists(statement.role ?? ""));
}

export function alterRole(work: Work, statement: NodeBody<"AlterRoleStmt">): undefined {
  judgeRoleOptions(work, statement.options);
  ddl(work, done.REPEATABLE);
}

function judgeRoleOptions(work: Work, options: readonly Node[] | undefined): undefined {
  for (const { defname, arg } of only("DefElem", options)) {
    const refused = REFUSED_ROLE_OPTIONS[defname ?? ""];
    const isOff = as("Boolean", arg)?.boolval !== true && defname !== "password";
    if (refused && arg !== undefined && !isOff) work.refuse("role-option", `A DSQL role has no ${refused}.`);
  }
}

export function dropRole(work: Work, statement: NodeBody<"DropRoleStmt">): undefined {
  const roles = only("RoleSpec", statement.roles).map(({ rolename }) => rolename ?? "");
  ddl(work, statement.missing_ok ? done.REPEATABLE : done.rolesGone(roles));
}

const HELD_EXTENSIONS: ReadonlySet<string> = new Set(["plpgsql", "pgcrypto", "uuid-ossp"]);

export function createExtension(work: Work, statement: NodeBody<"CreateExtensionStmt">): undefined {
  const name = statement.extname ?? "";
  if (HELD_EXTENSIONS.has(name))
    return work.leaveOut("extension", `${name} is not needed: gen_random_uuid() is built in.`);
  work.refuse("extension-refused", `DSQL does not have the extension ${name}.`, {
    advice:
      name === "citext"
        ? "Use text, and a unique index on lower(column)."
        : "Remove the statement and what uses it.",
  });
}

const MAX_STATISTICS_TARGET = 100;

export function createStatistics(work: Work, statement: NodeBody<"CreateStatsStmt">): undefined {
  const name = nameFrom(names(statement.defnames));
  if (!statement.defnames?.length)
    return work.refuse(
      "unsupported-statement",
      "Statistics need a name, so that a later run can find them.",
      {
        advice: "Write CREATE STATISTICS <name> ….",
      },
    );
  ddl(work, statement.if_not_exists ? done.REPEATABLE_ADDITION : done.statisticsExist(name));
}

export function alterStatistics(work: Work, statement: NodeBody<"AlterStatsStmt">): undefined {
  if ((statement.stxstattarget ?? 0) > MAX_STATISTICS_TARGET)
    return work.refuse("statistics-target", `The target is ${statement.stxstattarget}.`);
  ddl(work, done.REPEATABLE);
}
