import { metrics } from "@opentelemetry/api";
import { VERSION } from "../version.ts";
import type { DsqlTelemetry } from "./telemetry.ts";

/**
 * Metrics of pools and clients for OpenTelemetry, through the application's own meter provider: counters
 * `dsql.connections.opened`, `.failed` and `.closed`, `dsql.tokens.signed` and `.failed`, `dsql.retries` (attributes
 * `reason` and `occ_type`), `dsql.commits.unknown`; histograms `db.client.connection.create_time` (seconds, OpenTelemetry
 * semantic conventions, "Database client metrics") and `dsql.token.duration` (seconds).
 * A separate entry, `dsql-core/opentelemetry`, because it loads `@opentelemetry/api`, which the application installs.
 */
export function openTelemetry(): DsqlTelemetry {
  const meter = metrics.getMeter("dsql-core", VERSION);
  const count = (name: string, description: string) => meter.createCounter(name, { description });
  const seconds = (name: string, description: string) =>
    meter.createHistogram(name, { description, unit: "s" });
  const opened = count("dsql.connections.opened", "Connections that were opened");
  const failed = count("dsql.connections.failed", "Connections that could not be opened");
  const closed = count("dsql.connections.closed", "Connections that were closed");
  const signed = count("dsql.tokens.signed", "IAM tokens that were signed");
  const unsigned = count("dsql.tokens.failed", "IAM tokens that could not be signed");
  const retries = count("dsql.retries", "Transactions and statements that were retried");
  const unknown = count("dsql.commits.unknown", "Commits whose outcome is undetermined");
  const createTime = seconds("db.client.connection.create_time", "Time to open a connection");
  const tokenTime = seconds("dsql.token.duration", "Time to sign a token, credentials included");
  return {
    connectionOpened: ({ elapsedMs }) => {
      opened.add(1);
      createTime.record(elapsedMs / 1000);
    },
    connectionFailed: () => failed.add(1),
    connectionClosed: () => closed.add(1),
    tokenSigned: ({ elapsedMs }) => {
      signed.add(1);
      tokenTime.record(elapsedMs / 1000);
    },
    tokenFailed: () => unsigned.add(1),
    retry: ({ reason, occType }) =>
      retries.add(1, { reason, ...(occType !== undefined && { occ_type: occType }) }),
    commitUnknown: () => unknown.add(1),
  };
}
