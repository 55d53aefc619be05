import assert from "node:assert/strict";
import type { Controller, Outcome, ReconcileContext } from "../../../kube/controller.ts";
import { settled } from "../../../kube/controller.ts";
import { type ConfigMap, ConfigMaps, Leases } from "../../../kube/kinds.ts";
import { ManualClock } from "../../../kube/manual_clock.ts";
import type { Stored } from "../../../kube/types.ts";
import { createLogger } from "../../../telemetry/log.ts";
import { silentMetrics } from "../../../telemetry/metrics.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { delay, waitFor, waitUntil } from "../../ground/wait_for.ts";
import { withNamespace } from "../../ground/with_namespace.ts";
import { startOperator, steadyClient } from "../../support/operator.ts";

const connection = () => sharedCluster().connection;

type Reconcile = (object: ConfigMap & Stored, context: ReconcileContext) => Promise<Outcome>;

/** A controller of ConfigMaps with the label `test`. */
function controllerOf(reconcile: Reconcile): Controller<ConfigMap> {
  return {
    name: "configmap",
    watched: { resource: ConfigMaps, labels: "test" },
    owns: [],
    decode: (raw) => ({ ok: true, value: structuredClone(raw) as ConfigMap }),
    reconcile,
  };
}

const labels = { test: "yes" };

Deno.test("a reconcile that throws is counted, logged with its stack, and tried again after 5 s", async (t) => {
  using client = steadyClient(connection());
  await withNamespace(t, async ({ namespace }) => {
    await client.apply(ConfigMaps, { metadata: { namespace, name: "bad", labels } });
    await client.apply(ConfigMaps, { metadata: { namespace, name: "good", labels } });
    const clock = new ManualClock();
    const lines: string[] = [];
    const results: string[] = [];
    const seen: string[] = [];
    await using operator = startOperator(connection(), {
      namespaces: [namespace],
      clock,
      log: createLogger({
        level: "info",
        format: "json",
        write: (line) => lines.push(line),
        now: () => clock.now(),
      }),
      metrics: {
        ...silentMetrics,
        reconciled: (controller, result) => results.push(`${controller} ${result}`),
      },
      setUp: (manager) =>
        manager.add(controllerOf((object) => {
          seen.push(object.metadata.name);
          if (object.metadata.name === "bad") throw new Error("a bug of ours");
          return Promise.resolve(settled);
        })),
    });
    await waitUntil("both to be looked at", () => seen.length, (count) => count >= 2);
    await delay(50);
    assert.deepEqual(results.sort(), ["configmap error", "configmap success"]);
    const record = JSON.parse(lines.find((line) => line.includes("a bug of ours")) ?? "{}");
    assert.equal(record.controller, "configmap");
    assert.equal(record.object, `${namespace}/bad`);
    assert.match(record.error.stack, /manager_test/);
    assert.match(record.reconcile_id, /^[0-9a-f-]{36}$/);
    await clock.advance(4_000);
    assert.equal(seen.length, 2);
    await clock.advance(2_000);
    assert.deepEqual(seen.slice(2), ["bad"]);
    const metadata = { namespace, name: "bad" };
    const { uid = "", resourceVersion = "" } = (await client.get(ConfigMaps, metadata)).metadata;
    await client.delete(ConfigMaps, metadata, { precondition: { uid, resourceVersion } });
    const nothing = { waiting: 0, delayed: 0, working: 0, again: 0, failures: 0 };
    await waitUntil(
      "every trace to be gone",
      () => JSON.stringify(operator.manager.footprints[0]),
      (footprint) => footprint === JSON.stringify(nothing),
    );
  });
});

Deno.test("stopping finishes the work under way, then gives the lease up", async (t) => {
  using client = steadyClient(connection());
  await withNamespace(t, async ({ namespace }) => {
    await client.apply(ConfigMaps, { metadata: { namespace, name: "slow", labels } });
    let started = false;
    const operator = startOperator(connection(), {
      namespaces: [namespace],
      leaderElection: { name: "operator", namespace, identity: "one" },
      setUp: (manager) =>
        manager.add(controllerOf(async (_object, context) => {
          started = true;
          await delay(700);
          await context.act([{
            kind: "apply",
            resource: ConfigMaps,
            object: { metadata: { namespace, name: "finished" } },
          }]);
          return settled;
        })),
    });
    await waitFor("the work to begin", () => started);
    await operator.stop();
    assert.ok(await client.find(ConfigMaps, { namespace, name: "finished" }));
    const lease = await client.get(Leases, { namespace, name: "operator" });
    assert.equal(lease.spec?.holderIdentity ?? "", "");
  });
});

Deno.test("of two operators one works; when it loses its lease its work under way writes nothing more, and the other goes on", async (t) => {
  using client = steadyClient(connection());
  await withNamespace(t, async ({ namespace }) => {
    await client.apply(ConfigMaps, { metadata: { namespace, name: "x", labels } });
    const attempts: Record<string, string[]> = { one: [], two: [] };
    const writer = (identity: string, pauseMs: number) =>
      controllerOf(async (_, context) => {
        const tries = attempts[identity] ?? [];
        tries.push("started");
        await delay(pauseMs);
        try {
          await context.act([{
            kind: "apply",
            resource: ConfigMaps,
            object: { metadata: { namespace, name: "by", labels: {} }, data: { identity } } as never,
          }]);
          tries.push("wrote");
        } catch (error) {
          tries.push(error instanceof Error ? error.message : "?");
          throw error;
        }
        return settled;
      });
    const election = (identity: string) => ({ name: "operator", namespace, identity });
    await using first = startOperator(connection(), {
      namespaces: [namespace],
      leaderElection: election("one"),
      setUp: (manager) => manager.add(writer("one", 8_000)),
    });
    await waitFor("the first to begin", () => attempts["one"]?.includes("started"));
    await using _second = startOperator(connection(), {
      namespaces: [namespace],
      leaderElection: election("two"),
      setUp: (manager) => manager.add(writer("two", 0)),
    });
    await delay(1_000);
    assert.deepEqual(attempts["two"], [], "the second stands by");
    await client.patch(Leases, { namespace, name: "operator" }, {
      spec: { holderIdentity: "", leaseDurationSeconds: 1 },
    });
    await waitUntil("the second to write", () => attempts["two"], (seen) => seen?.includes("wrote") ?? false);
    await waitUntil("the first to try", () => attempts["one"]?.length ?? 0, (count) => count >= 2);
    assert.match(attempts["one"]?.[1] ?? "", /was not sent: another replica holds the lease/);
    assert.equal((await client.get(ConfigMaps, { namespace, name: "by" })).data?.["identity"], "two");
    assert.equal(first.manager.readiness().ready, true, "a replica that stands by is ready");
  });
});
