import { pgTable, uuid } from "drizzle-orm/pg-core";

export const pushed = pgTable("kit_pushed", { id: uuid("id").primaryKey().defaultRandom() });
