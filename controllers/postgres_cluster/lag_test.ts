import assert from "node:assert/strict";
import { reportFrom } from "../../postgres/patroni/report.ts";
import { parseAnswer } from "../../postgres/patroni/rest.ts";
import { storedCluster } from "../../tests/support/postgres_clusters.ts";
import { lagLimit, lagStatus, secondsOf } from "./lag.ts";

const scalingOf = (scaling: object) => storedCluster({ scaling }).spec.scaling;

Deno.test("limits of lag are times or bytes; bytes win", () => {
  assert.equal(lagLimit(undefined), 3_000_000_000);
  assert.equal(
    lagLimit(scalingOf({ replicationLagThreshold: "1m30s", estimatedThroughputMbPerSec: 10 })),
    900_000_000,
  );
  assert.equal(lagLimit(scalingOf({ lagThresholdBytes: 5 })), 5);
  assert.equal(lagLimit(scalingOf({ replicationLagThreshold: "soon" })), 3_000_000_000);
  assert.deepEqual(["30s", "1M", "1m30s", "", "5h"].map(secondsOf), [30, 60, 90, undefined, undefined]);
});

const clockAt = (seconds: number) => ({
  now: () => new Date(seconds * 1_000),
  monotonic: () => seconds * 1_000,
  after: () => ({ cancel: () => {} }),
});

const report = (lag: number, state = "streaming") =>
  reportFrom([
    ["c-0", parseAnswer({ role: "master", state: "running", xlog: { location: 5_000_000_000_000 } })],
    [
      "c-1",
      parseAnswer({ role: "replica", state, xlog: { received_location: 5_000_000_000_000 - lag } }),
    ],
  ]);

Deno.test("lags are told anew when they mean something else, or after a minute when they differ at all", () => {
  const before = {
    phase: "Running",
    readyReplicas: 2,
    replicas: 2,
    ...lagStatus(report(100), undefined, undefined, clockAt(0)),
  } as const;
  const at = (seconds: number, lag: number, state?: string) =>
    lagStatus(report(lag, state), undefined, before, clockAt(seconds)).replicationLag?.[0]?.lagBytes;
  assert.equal(at(30, 200), 100);
  assert.equal(at(61, 200), 200);
  assert.equal(at(600, 100), 100);
  assert.equal(
    lagStatus(report(100), undefined, before, clockAt(600)).replicationLag?.[0]?.lastMeasured,
    "1970-01-01T00:00:00Z",
  );
  assert.equal(at(1, 4_000_000_000), 4_000_000_000);
  assert.equal(at(1, 200, "starting"), 200);
});

Deno.test("lags are also told as the time that writing them takes", () => {
  const timeOf = (lag: number) =>
    lagStatus(report(lag), undefined, undefined, clockAt(0)).replicationLag?.[0]?.lagTime;
  assert.deepEqual([25_000_000, 450_000_000, 12_000_000_000].map(timeOf), ["250ms", "4.5s", "2.0m"]);
});
