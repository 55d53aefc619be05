import assert from "node:assert/strict";
import { Applier, NameTakenError } from "../../../kube/apply.ts";
import { Cache } from "../../../kube/cache.ts";
import type { Applied, KubeClient } from "../../../kube/client.ts";
import { systemClock } from "../../../kube/clock.ts";
import { ConfigMaps, Services } from "../../../kube/kinds.ts";
import type { Service } from "../../../kube/kinds.ts";
import { controllerReference } from "../../../kube/owner.ts";
import { seededRandom } from "../../../kube/random.ts";
import { isStored } from "../../../kube/stored.ts";
import type { OwnerReference } from "../../../kube/types.ts";
import { silentLogger } from "../../../telemetry/log.ts";
import { silentMetrics } from "../../../telemetry/metrics.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { withNamespace } from "../../ground/with_namespace.ts";
import { openRuntime } from "../../support/harness.ts";
import { steadyClient } from "../../support/operator.ts";

interface Stage {
  /** As a controller with an empty store, which strangers never are in, applies. */
  readonly applier: Applier;
  readonly ours: KubeClient;
  readonly stranger: KubeClient;
  readonly wanted: Applied<Service>;
  /** Owner of somebody else's. */
  readonly other: OwnerReference;
}

function scenario(name: string, run: (stage: Stage) => Promise<void>): void {
  Deno.test(name, (t) =>
    withNamespace(t, async ({ namespace }) => {
      using runtime = openRuntime(sharedCluster().connection);
      using stranger = steadyClient(sharedCluster().connection, "stranger");
      const cache = new Cache({
        client: runtime.client,
        clock: systemClock,
        random: seededRandom(3),
        log: silentLogger,
        metrics: silentMetrics,
      });
      cache.watch({ resource: Services });
      cache.watch({ resource: ConfigMaps });
      const owner = async (name: string): Promise<OwnerReference> => {
        const made = await stranger.create(ConfigMaps, { metadata: { namespace, name } });
        assert.ok(isStored(made));
        return controllerReference({ apiVersion: "v1", kind: "ConfigMap", metadata: made.metadata });
      };
      const wanted = {
        metadata: { namespace, name: "db", ownerReferences: [await owner("ours")] },
        spec: { selector: { app: "db" }, ports: [{ port: 5432 }] },
      };
      const applier = new Applier(runtime.client, cache);
      await run({ applier, ours: runtime.client, stranger, wanted, other: await owner("other") });
    }));
}

scenario("an object of a stranger is left as it is, and it is said whose it is", async (stage) => {
  const { applier, stranger, wanted, other } = stage;
  const metadata = { ...wanted.metadata, ownerReferences: [other] };
  const before = await stranger.create(Services, { ...wanted, metadata });
  await assert.rejects(
    applier.apply(Services, wanted),
    (error: Error) => error instanceof NameTakenError && error.message.includes("belongs to ConfigMap other"),
  );
  const after = await stranger.get(Services, wanted.metadata);
  assert.equal(after.metadata.resourceVersion, before.metadata.resourceVersion);
});

scenario(
  "an object that nobody owns and others filled is left as it is",
  async ({ applier, stranger, wanted }) => {
    const metadata = { namespace: wanted.metadata.namespace ?? "", name: "db" };
    const spec = { selector: { app: "web" }, ports: [{ port: 80 }] };
    const before = await stranger.create(Services, { metadata, spec });
    await assert.rejects(applier.apply(Services, wanted), NameTakenError);
    const after = await stranger.get(Services, metadata);
    assert.equal(after.metadata.resourceVersion, before.metadata.resourceVersion);
  },
);

scenario("our own object is applied over others' changes, also before it was seen", async (stage) => {
  const { applier, ours, stranger, wanted } = stage;
  await ours.apply(Services, wanted);
  await stranger.apply(Services, { metadata: wanted.metadata, spec: { selector: { app: "web" } } });
  assert.ok(await applier.apply(Services, wanted));
  assert.deepEqual((await stranger.get(Services, wanted.metadata)).spec?.selector, { app: "db" });
});

scenario(
  "an object of ours that lost its owner is taken back",
  async ({ applier, ours, stranger, wanted }) => {
    const { ownerReferences: _, ...metadata } = wanted.metadata;
    await ours.apply(Services, { ...wanted, metadata });
    await stranger.apply(Services, { metadata, spec: { selector: { app: "web" } } });
    assert.ok(await applier.apply(Services, wanted));
    const after = await stranger.get(Services, metadata);
    assert.equal(after.metadata.ownerReferences?.[0]?.name, "ours");
  },
);

scenario(
  "a Service and a ConfigMap of a stranger are not merged with ours, though no field conflicts",
  async ({ applier, stranger, wanted }) => {
    const metadata = { namespace: wanted.metadata.namespace ?? "", name: "db" };
    const spec = { selector: { tier: "data" }, ports: [{ port: 5432 }] };
    const service = await stranger.apply(Services, { metadata, spec });
    const settings = await stranger.apply(ConfigMaps, { metadata, data: { theirs: "1" } });
    await assert.rejects(applier.apply(Services, wanted), NameTakenError);
    const ours = { metadata: wanted.metadata, data: { ours: "1" } };
    await assert.rejects(applier.apply(ConfigMaps, ours), NameTakenError);
    const versions = [await stranger.get(Services, metadata), await stranger.get(ConfigMaps, metadata)]
      .map((object) => object.metadata.resourceVersion);
    assert.deepEqual(versions, [service.metadata.resourceVersion, settings.metadata.resourceVersion]);
  },
);
