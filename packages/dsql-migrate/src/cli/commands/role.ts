import { createRole, planRole } from "../../roles/application-role.ts";
import { type Command, EXIT, parseCommand, UsageError } from "../command.ts";
import { CONNECTION_OPTIONS, CONNECTION_USAGE, withPool } from "../connect.ts";
import { count, styler } from "../progress.ts";

const usage = `Usage: dsql-migrate role <name> --iam <arn> [--iam <arn> ...] [options]

Creates a database role for an application: it logs in with dsql:DbConnect, reads and writes rows, and cannot
change the schema. Tables that are created later are covered. Statements that are already in effect are not
repeated, so the command may be run again.

  --iam <arn>                 an IAM role or user that may log in as this role; may be given several times
  --schema <name>             a schema that it may use; may be given several times; the default is public
  --read-only                 grant only SELECT
  --dry-run                   print the statements and run none
${CONNECTION_USAGE}
  --format text|json          the default is text
  --help                      print this text
`;

export const role: Command = {
  summary: "create a database role for an application",
  usage,
  async run(argv, terminal) {
    const { values, positionals } = parseCommand(argv, "role", {
      ...CONNECTION_OPTIONS,
      iam: { type: "string", multiple: true },
      schema: { type: "string", multiple: true },
      "read-only": { type: "boolean" },
      "dry-run": { type: "boolean" },
      format: { type: "string" },
    });
    const [name, ...rest] = positionals;
    if (name === undefined || rest.length > 0)
      throw new UsageError("Name one role: dsql-migrate role <name> --iam <arn>.");
    const wanted = {
      name,
      iamArns: values.iam ?? [],
      schemas: values.schema,
      access: values["read-only"] === true ? ("read-only" as const) : ("read-write" as const),
    };
    return await withPool(values, terminal, async (pool) => {
      const statements =
        values["dry-run"] === true ? await planRole(pool, wanted) : await createRole(pool, wanted);
      if (values.format === "json") {
        terminal.stdout.write(`${JSON.stringify({ role: name, statements })}\n`);
        return EXIT.ok;
      }
      const style = styler(terminal);
      for (const { sql, purpose, done } of statements) {
        const note = done ? `${purpose}: in effect already` : purpose;
        terminal.stdout.write(`${sql};  ${style("dim", `-- ${note}`)}\n`);
      }
      if (values["dry-run"] !== true) {
        const text =
          statements.length === 0
            ? `Role ${name} is up to date: nothing to do.`
            : `Role ${name} is ready: ${count(statements.length, "statement")} run.`;
        terminal.stdout.write(`${text}\n`);
      }
      return EXIT.ok;
    });
  },
};
