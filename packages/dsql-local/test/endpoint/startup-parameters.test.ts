import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readStartupParameters } from "../../src/endpoint/startup-parameters.ts";

const read = (parameters: Record<string, string>, minorVersion = 0) =>
  readStartupParameters({ kind: "startup", minorVersion, parameters: new Map(Object.entries(parameters)) });

describe("the parameters of a startup packet", () => {
  it("are taken where DSQL supports them, whatever their case", () => {
    const request = read({ user: "admin", database: "postgres", DateStyle: "ISO", application_name: "x" });
    expect(Object.fromEntries(request.parameters)).toEqual({ datestyle: "ISO", application_name: "x" });
    expect(request.unsupported).toBeUndefined();
  });

  it("are named where DSQL does not support them", () => {
    for (const name of [
      "statement_timeout",
      "lock_timeout",
      "default_transaction_read_only",
      "role",
      "replication",
    ]) {
      expect(read({ user: "admin", [name]: "1" }).unsupported).toBe(name);
    }
  });

  it("can come inside options, in each of libpq's forms", () => {
    const options = "-c search_path=a\\ b -cTimeZone=UTC --extra-float-digits=3";
    expect(Object.fromEntries(read({ user: "admin", options }).parameters)).toEqual({
      search_path: "a b",
      timezone: "UTC",
      extra_float_digits: "3",
    });
    expect(read({ user: "admin", options: "-c statement_timeout=5" }).unsupported).toBe("statement_timeout");
    expect(read({ user: "admin", options: "-B 5" }).unsupported).toBe("-B");
  });

  it("leave the database to be the user's name, as PostgreSQL does", () => {
    expect(read({ user: "admin" }).database).toBe("admin");
  });

  it("get a response about the protocol version if they name a newer one", () => {
    expect(read({ user: "admin" }).protocolOptions).toBeUndefined();
    expect(read({ user: "admin" }, 2).protocolOptions).toEqual([]);
    expect(read({ user: "admin", "_pq_.command_tag": "x" }).protocolOptions).toEqual(["_pq_.command_tag"]);
  });

  it("never throw, whatever options hold", () => {
    fc.assert(fc.property(fc.string(), (options) => read({ user: "admin", options }).user === "admin"));
  });
});
