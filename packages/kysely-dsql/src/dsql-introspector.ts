import {
  type DatabaseMetadataOptions,
  PostgresIntrospector,
  type SchemaMetadata,
  type TableMetadata,
} from "kysely";

/** Schema of DSQL's own views and procedures. */
const SYSTEM_SCHEMA = "sys";

/** Reads schemas, tables and columns from the catalog; DSQL's schema `sys` is left out. */
export class DsqlIntrospector extends PostgresIntrospector {
  override async getSchemas(): Promise<SchemaMetadata[]> {
    const schemas = await super.getSchemas();
    return schemas.filter((schema) => schema.name !== SYSTEM_SCHEMA);
  }

  override async getTables(options?: DatabaseMetadataOptions): Promise<TableMetadata[]> {
    const tables = await super.getTables(options);
    return tables.filter((table) => table.schema !== SYSTEM_SCHEMA);
  }
}
