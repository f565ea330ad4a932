/** A migration as a file of SQL. */
export interface SqlMigration {
  name: string;
  sql: string;
}

/** Three migrations with every kind of step: schema, rows, jobs, a backfill, and changes that look alike when repeated. */
export const shopMigrations: readonly SqlMigration[] = [
  {
    name: "20260101000001_accounts",
    sql: `CREATE TABLE account (id bigint PRIMARY KEY, email text NOT NULL, visits int DEFAULT 0);
--> statement-breakpoint
INSERT INTO account (id, email) VALUES (1, 'a@example.com'), (2, 'b@example.com');
--> statement-breakpoint
UPDATE account SET visits = visits + 1;
--> statement-breakpoint
CREATE UNIQUE INDEX account_email ON account (email);
`,
  },
  {
    name: "20260101000002_orders",
    sql: `CREATE TABLE orders (id bigint PRIMARY KEY, account_id bigint REFERENCES account (id));
--> statement-breakpoint
INSERT INTO orders VALUES (10, 1), (20, 2);
--> statement-breakpoint
ALTER TABLE account ADD COLUMN active boolean DEFAULT true NOT NULL;
--> statement-breakpoint
UPDATE account SET visits = visits + 1;
`,
  },
  {
    name: "20260101000003_changes",
    sql: `ALTER TABLE orders ADD CONSTRAINT orders_positive CHECK (id > 0);
--> statement-breakpoint
UPDATE account SET visits = visits + 1;
--> statement-breakpoint
ALTER TABLE account RENAME COLUMN email TO mail;
--> statement-breakpoint
DROP INDEX account_email;
--> statement-breakpoint
CREATE INDEX orders_account ON orders (account_id);
--> statement-breakpoint
DELETE FROM orders WHERE id = 20;
`,
  },
];
