import { DsqlConfigError } from "dsql-core";
import { type CreateIndexNode, OrderByItemNode, PostgresQueryCompiler } from "kysely";

/** PostgreSQL's SQL, with indexes as DSQL builds them. */
export class DsqlQueryCompiler extends PostgresQueryCompiler {
  protected override visitCreateIndex(node: CreateIndexNode): void {
    refuseWhatIndexesLack(node);
    this.append(`create ${node.unique ? "unique " : ""}index async `);
    if (node.ifNotExists) this.append("if not exists ");
    this.visitNode(node.name);
    if (node.table) {
      this.append(" on ");
      this.visitNode(node.table);
    }
    if (node.columns) {
      this.append(" (");
      this.compileList(node.columns);
      this.append(")");
    }
    if (node.nullsNotDistinct) this.append(" nulls not distinct");
    if (node.where) {
      this.append(" ");
      this.visitNode(node.where);
    }
  }
}

function refuseWhatIndexesLack(node: CreateIndexNode): void {
  const index = `index "${node.name.name}"`;
  if (node.using) {
    throw new DsqlConfigError(`${index}: Aurora DSQL has one kind of index. Leave using(…) out.`);
  }
  if (node.columns?.some((column) => OrderByItemNode.is(column) && column.direction !== undefined)) {
    throw new DsqlConfigError(
      `${index}: Aurora DSQL takes no sort order for index keys, and reads an index in both directions. Leave asc and desc out.`,
    );
  }
}
