import assert from "node:assert/strict";
import type { Pod } from "../../kube/kinds.ts";
import { storedCluster } from "../../tests/support/postgres_clusters.ts";
import { errorsOf } from "./errors.ts";
import { membersOf } from "./members.ts";
import { CREATING_SECONDS, CREATING_TIMEOUT, failureOf, type Pass } from "./pass.ts";
import { memberSelector } from "./shape.ts";

const now = new Date("2026-01-01T12:00:00Z");
const clock = { now: () => now };
const ago = (seconds: number) => new Date(now.getTime() - seconds * 1_000).toISOString();

/** A look at a cluster of one that has been Creating for so many seconds. */
function passAfter(seconds: number, isReady: boolean): Pass {
  const cluster = {
    ...storedCluster({ replicas: 1 }),
    status: { phase: "Creating" as const, readyReplicas: 0, replicas: 1, phaseStartedAt: ago(seconds) },
  };
  const pod: Pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "orders-0",
      namespace: "fx-patroni",
      uid: "p",
      resourceVersion: "1",
      labels: memberSelector(cluster),
    },
    status: { conditions: [{ type: "Ready", status: isReady ? "True" : "False" }] },
  };
  const pooler = { deployment: undefined, service: undefined, ready: 0 };
  return {
    wanted: cluster,
    seen: {
      cluster,
      statefulSet: undefined,
      members: membersOf([pod], cluster),
      volumes: [],
      credentials: undefined,
      poolers: { primary: pooler, replicas: pooler },
      policies: [],
    },
    desired: 1,
    evidence: { kind: "none" },
    change: { kind: "none" },
    handOver: undefined,
    obstacle: undefined,
    result: { kind: "done", written: [] },
    certificates: undefined,
    autoscaling: { kind: "off", members: 1 },
    backups: undefined,
  };
}

Deno.test("a cluster that is not there in time says so, but not when its members are ready at that look", () => {
  assert.equal(failureOf(passAfter(CREATING_SECONDS - 1, false), clock), undefined);
  assert.equal(failureOf(passAfter(CREATING_SECONDS + 1, false), clock)?.reason, CREATING_TIMEOUT);
  assert.equal(failureOf(passAfter(CREATING_SECONDS + 1, true), clock), undefined);
});

Deno.test("a failure counts when a retry was due, and none counts once the cluster runs", () => {
  const context = {
    isFailed: false,
    phase: "Updating",
    clock: { ...clock, monotonic: () => 0, after: never },
  } as const;
  const first = errorsOf(undefined, "no", context);
  assert.deepEqual(first, { retryCount: 1, lastError: "no", lastErrorTime: "2026-01-01T12:00:00Z" });
  assert.deepEqual(errorsOf(first, "no", context), first, "looked at again at once");
  const later = { ...first, lastErrorTime: ago(400) };
  assert.equal(errorsOf(later, "no", context).retryCount, 2);
  assert.equal(errorsOf(later, "other", context).retryCount, 2);
  assert.deepEqual(errorsOf(later, undefined, { ...context, phase: "Running" }), { retryCount: 0 });
});

function never(): never {
  throw new Error("Nothing is waited for");
}
