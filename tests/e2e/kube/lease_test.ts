import assert from "node:assert/strict";
import { systemClock } from "../../../kube/clock.ts";
import { fenced } from "../../../kube/fence.ts";
import { KubeClient } from "../../../kube/client.ts";
import { ConfigMaps, Leases } from "../../../kube/kinds.ts";
import { LeaseElector, type Term } from "../../../kube/lease.ts";
import { seededRandom } from "../../../kube/random.ts";
import { silentLogger } from "../../../telemetry/log.ts";
import { silentMetrics } from "../../../telemetry/metrics.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { waitFor } from "../../ground/wait_for.ts";
import { withNamespace } from "../../ground/with_namespace.ts";
import { FIELD_MANAGER, openRuntime, type Runtime } from "../../support/harness.ts";

/** Shorter than in production, in the same proportions: 3 s, renewed every second, given up after 2 s. */
const TIMES = { durationSeconds: 3, renewSeconds: 1 };

function scenario(name: string, run: (namespace: string) => Promise<void>): void {
  Deno.test(name, (t) => withNamespace(t, ({ namespace }) => run(namespace)));
}

function elector(runtime: Runtime, namespace: string, identity: string): LeaseElector {
  return new LeaseElector({
    client: runtime.client,
    clock: systemClock,
    random: seededRandom(5),
    log: silentLogger,
    metrics: silentMetrics,
    name: "operator",
    namespace,
    identity,
    ...TIMES,
  });
}

async function acquire(lease: LeaseElector, limitMs = 20_000): Promise<Term> {
  const term = await lease.acquire(AbortSignal.timeout(limitMs));
  assert.ok(term !== undefined, "the lease was not acquired in time");
  return term;
}

scenario("of two replicas one leads, and the other follows at once when it stops", async (namespace) => {
  using one = openRuntime(sharedCluster().connection);
  using two = openRuntime(sharedCluster().connection);
  const first = await acquire(elector(one, namespace, "one"));
  const standby = elector(two, namespace, "two").acquire(AbortSignal.timeout(20_000));
  const settled = await Promise.race([
    standby.then(() => "won"),
    waitFor("two renewals", async () => {
      const lease = await one.steady.get(Leases, { namespace, name: "operator" });
      return Number(lease.metadata.resourceVersion) > 0 && one.transport.writes.length >= 3;
    }).then(() => "waiting"),
  ]);
  assert.equal(settled, "waiting", "a lease that is renewed cannot be taken");
  const started = performance.now();
  await first.release();
  const second = await standby;
  assert.ok(second !== undefined);
  assert.ok(
    performance.now() - started < 1_000,
    "a released lease is taken without waiting for it to run out",
  );
  const lease = await two.steady.get(Leases, { namespace, name: "operator" });
  assert.equal(lease.spec?.holderIdentity, "two");
  assert.equal(lease.spec?.leaseTransitions, 1);
  await second.release();
});

scenario("a holder that vanished is replaced when its time is over, not before", async (namespace) => {
  using one = openRuntime(sharedCluster().connection);
  using two = openRuntime(sharedCluster().connection);
  const first = await acquire(elector(one, namespace, "one"));
  one.transport.onRequest = () => ({ kind: "drop" });
  const lastRenewal = performance.now();
  const second = await acquire(elector(two, namespace, "two"));
  assert.ok(performance.now() - lastRenewal >= 2_000, "nobody takes over while the holder may still write");
  assert.equal(first.lost.aborted, true, "the first had given up before");
  await Promise.all([first.release(), second.release()]);
});

scenario(
  "after the lease is lost no write leaves the process, though work is under way",
  async (namespace) => {
    using one = openRuntime(sharedCluster().connection);
    const term = await acquire(elector(one, namespace, "one"));
    const gate = fenced(one.transport, term.fence);
    const shared = { clock: systemClock, metrics: silentMetrics, fieldManager: FIELD_MANAGER };
    const worker = new KubeClient({ transport: gate, ...shared });
    const write = (n: number) =>
      worker.apply(ConfigMaps, { metadata: { namespace, name: "w" }, data: { n: `${n}` } });
    await write(0);

    const stolen = await one.steady.get(Leases, { namespace, name: "operator" });
    await one.steady.patch(Leases, stolen.metadata, { spec: { holderIdentity: "thief" } });
    let done = 0;
    const working = (async () => {
      for (let n = 1; n < 10_000; n++) {
        await write(n);
        done = n;
      }
    })();
    await assert.rejects(working, { failure: "fenced" });
    assert.equal(term.lost.aborted, true);
    const stopped = one.transport.writes.filter((entry) => entry.includes("configmaps")).length;
    await assert.rejects(write(10_000), { failure: "fenced" });
    const live = await one.steady.get(ConfigMaps, { namespace, name: "w" });
    assert.equal(live.data?.["n"], String(done));
    assert.equal(one.transport.writes.filter((entry) => entry.includes("configmaps")).length, stopped);
    await term.release();
    const lease = await one.steady.get(Leases, { namespace, name: "operator" });
    assert.equal(lease.spec?.holderIdentity, "thief", "a lease that is not ours is not released");
  },
);

scenario("a retry that slept through the loss of the lease is refused as well", async (namespace) => {
  using one = openRuntime(sharedCluster().connection);
  const term = await acquire(elector(one, namespace, "one"));
  const gate = fenced(one.transport, term.fence);
  const worker = new KubeClient({
    transport: gate,
    clock: systemClock,
    metrics: silentMetrics,
    fieldManager: FIELD_MANAGER,
  });
  one.transport.onRequest = (request) =>
    request.path.includes("configmaps")
      ? { kind: "answer", status: 429, retryAfterSeconds: 4 }
      : { kind: "drop" };
  const write = worker.apply(ConfigMaps, { metadata: { namespace, name: "late" } });
  await assert.rejects(write, { failure: "fenced" });
  assert.equal(one.transport.writes.filter((entry) => entry.includes("configmaps")).length, 1);
  await term.release();
});

scenario("a renewal whose answer was lost does not cost the lease", async (namespace) => {
  using one = openRuntime(sharedCluster().connection);
  const term = await acquire(elector(one, namespace, "one"));
  let lost = 0;
  one.transport.onRequest = (request) =>
    request.method === "PUT" && lost++ === 0 ? { kind: "lose-answer" } : undefined;
  const before = one.transport.writes.length;
  await waitFor("three renewals after the lost one", () => one.transport.writes.length > before + 4);
  assert.equal(term.lost.aborted, false);
  await term.release();
  const lease = await one.steady.get(Leases, { namespace, name: "operator" });
  assert.equal(lease.spec?.holderIdentity ?? "", "");
});
