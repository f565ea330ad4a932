import { describe, expect, test } from "vitest";
import { clusterHost, isClusterId, parseClusterEndpoint } from "../src/options/cluster-endpoint.ts";

const ID = "abcdefghijklmnopqrstuvwxy2";

describe("parseClusterEndpoint", () => {
  test("reads the cluster id and the Region", () => {
    expect(parseClusterEndpoint(`${ID}.dsql.us-east-1.on.aws`)).toEqual({
      clusterId: ID,
      region: "us-east-1",
    });
  });

  test("reads the suffix of a PrivateLink endpoint", () => {
    expect(parseClusterEndpoint(`${ID}.dsql-fnh4.eu-west-1.on.aws`)).toEqual({
      clusterId: ID,
      region: "eu-west-1",
      suffix: "fnh4",
    });
  });

  test("accepts capital letters", () => {
    expect(parseClusterEndpoint(`${ID.toUpperCase()}.DSQL.US-EAST-1.ON.AWS`)?.region).toBe("us-east-1");
  });

  test.each([
    ["a shorter id", `${ID.slice(1)}.dsql.us-east-1.on.aws`],
    ["a longer id", `${ID}a.dsql.us-east-1.on.aws`],
    ["a name after it", `${ID}.dsql.us-east-1.on.aws.example.com`],
    ["a name before it", `x.${ID}.dsql.us-east-1.on.aws`],
    ["no Region", `${ID}.dsql.on.aws`],
    ["a custom domain", "db.example.com"],
  ])("does not recognise %s", (_what, host) => {
    expect(parseClusterEndpoint(host)).toBeUndefined();
  });

  test("reads what clusterHost returned for an id", () => {
    expect(isClusterId(ID.toUpperCase())).toBe(true);
    const host = clusterHost({ clusterId: ID.toUpperCase(), region: "us-west-2" });
    expect(parseClusterEndpoint(host)).toEqual({ clusterId: ID, region: "us-west-2" });
  });
});
