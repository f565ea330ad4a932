import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { splitStatements } from "../src/client/split-statements.ts";
import { transactionCommands } from "../src/client/transaction-command.ts";

describe("transactionCommands", () => {
  test.each([
    ["BEGIN", "begin"],
    ["begin transaction isolation level repeatable read", "begin"],
    ["START TRANSACTION READ ONLY", "begin"],
    ["start /* in words */ transaction", "begin"],
    ["COMMIT", "commit"],
    ["commit work;", "commit"],
    ["END", "commit"],
    ["End Transaction ;; ", "commit"],
    ["ROLLBACK", "rollback"],
    ["abort", "rollback"],
    ["ROLLBACK AND NO CHAIN", "rollback"],
    ["SAVEPOINT a", "savepoint"],
    ["RELEASE SAVEPOINT a", "savepoint"],
    ["ROLLBACK TO SAVEPOINT a", "savepoint"],
    ["rollback work to a", "savepoint"],
    ["-- done\n/* nested /* comment */ */ ; COMMIT -- now", "commit"],
    ["", undefined],
    [";;", undefined],
    ["ROLLBACK  TO a", "savepoint"],
    ["rollback work  to a", "savepoint"],
    ["COMMIT /* with select */", "commit"],
    ["-- COMMIT", undefined],
    ["COMMIT PREPARED 'x'", undefined],
    ["ROLLBACK  PREPARED 'x'", undefined],
    ["select 'commit'", undefined],
    ["SELECT 1; SELECT 2", undefined],
    ["committed", undefined],
    ["endé", undefined],
    ["begin_work", undefined],
    ["start$x", undefined],
    ["create function f() returns int language sql as $$ commit; $$", undefined],
    ["call end_of_day()", undefined],
    ["analyze t", undefined],
    ["explain select 1", undefined],
    ["revoke all on t from u", undefined],
  ])("recognises %j as %s", (text, command) => {
    expect(transactionCommands(text)).toBe(command);
  });

  test("lists the commands among several statements", () => {
    expect(transactionCommands("BEGIN; insert into t values (1); COMMIT")).toEqual([
      "begin",
      undefined,
      "commit",
    ]);
    expect(transactionCommands("select ';' ; rollback")).toEqual([undefined, "rollback"]);
  });

  test.each([
    ["a string", "select ';'"],
    ["a backslash at the end of a string", "select '\\\\'"],
    ["a backslash at the end of a name", String.raw`select 1 as e"\"`],
    ["a string after a word that ends in e", String.raw`select date'\'`],
    ["a string after e and a space", String.raw`select 1 e '\'`],
    ["an escape string", String.raw`select E'\';'`],
    ["an escape string with a lower-case e", String.raw`select(e'\';')`],
    ["an escaped backslash", String.raw`select E'\\'`],
    ["an escaped end of line", "select E'\\\n;'"],
    ["an escape string with a doubled quote", String.raw`select E'it''s \';'`],
    ["a dollar quote", "select $$;$$"],
    ["a dollar quote with a tag", "select $body$;$$;$1;$body$"],
    ["a dollar quote whose tag has accents and digits", "select $é1_é$;$é1_é$"],
    ["a name with dollar signs", "select a$b$"],
    ["a name with an accent and dollar signs", "select é$b$"],
    ["a name that ends in dollar signs", "select a$$"],
    ["a parameter before a dollar sign", "select $1$b$"],
    ["a nested comment", "select /* ; /* ; */ ; */ 1"],
    ["a comment that begins twice", "select /*/ ; */ 1"],
  ])("sees where %s ends", (_, text) => {
    expect(transactionCommands(`${text}; commit`)).toEqual([undefined, "commit"]);
  });

  test.each(["'", '"', "e'", "e'\\", "$$", "$body$", "/*", "--", "/* /* */"])(
    "treats all after %j as quoted if nothing ends it",
    (opening) => {
      expect(splitStatements(`select 1 ${opening}; commit`)).toHaveLength(1);
    },
  );

  const command = fc.constantFrom("begin", "commit", "rollback");
  const blank = fc.constantFrom(" ", "\n", "\t", ";", "-- x\n", "/* y */", "/* /* ' */ \" */", "--\r\n");
  const blanks = fc.array(blank, { maxLength: 4 }).map((parts) => parts.join(""));
  const anyCase = (text: string, capitals: boolean[]) =>
    [...text].map((letter, i) => (capitals[i % capitals.length] ? letter.toUpperCase() : letter)).join("");

  test("finds a command in upper or lower case between any comments, whitespace and semicolons", () => {
    const capitals = fc.array(fc.boolean(), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(blanks, command, capitals, blanks, (before, word, letters, after) => {
        expect(transactionCommands(`${before}${anyCase(word, letters)} ${after}`)).toBe(word);
      }),
    );
  });

  test("finds none inside quotes", () => {
    const inside = fc.string({ maxLength: 20 }).map((text) => text.replaceAll("$", "").replaceAll("\\", ""));
    fc.assert(
      fc.property(inside, command, (text, word) => {
        const quoted = `${text};${word};`;
        expect(transactionCommands(`select '${quoted.replaceAll("'", "''")}'`)).toBeUndefined();
        expect(transactionCommands(`select "${quoted.replaceAll('"', '""')}"`)).toBeUndefined();
        expect(transactionCommands(`select $q$${quoted}$q$`)).toBeUndefined();
        expect(transactionCommands(`select E'\\'${quoted.replaceAll("'", "\\'")}'`)).toBeUndefined();
      }),
    );
  });

  test("never throws, and loses no statement", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."ab1 '\"$;-/*\\eE\n") }), (text) => {
        transactionCommands(text);
        expect(splitStatements(text).join("").length).toBeLessThanOrEqual(text.length + 1);
      }),
    );
  });
});
