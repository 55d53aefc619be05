import assert from "node:assert/strict";
import { Applier } from "../../../kube/apply.ts";
import { Cache } from "../../../kube/cache.ts";
import { systemClock } from "../../../kube/clock.ts";
import { type ConfigMap, ConfigMaps } from "../../../kube/kinds.ts";
import { seededRandom } from "../../../kube/random.ts";
import { type Resource, writtenBy } from "../../../kube/resource.ts";
import { silentLogger } from "../../../telemetry/log.ts";
import { silentMetrics } from "../../../telemetry/metrics.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { waitUntil } from "../../ground/wait_for.ts";
import { withNamespace } from "../../ground/with_namespace.ts";
import { FIELD_MANAGER, openRuntime } from "../../support/harness.ts";

const Others = writtenBy("other-family", ConfigMaps);

Deno.test("two families see their own objects of one kind, and write them under their own names", (t) =>
  withNamespace(t, async ({ namespace }) => {
    using runtime = openRuntime(sharedCluster().connection);
    const shared = { clock: systemClock, random: seededRandom(3), log: silentLogger, metrics: silentMetrics };
    const cache = new Cache({ ...shared, client: runtime.client, namespaces: [namespace] });
    const ours = cache.watch({ resource: ConfigMaps, labels: "family=ours" });
    const theirs = cache.watch({ resource: Others, labels: "family=theirs" });
    const applier = new Applier(runtime.client, cache);
    const stop = new AbortController();
    const running = cache.run(stop.signal);
    try {
      assert.ok(await cache.whenSynced([ConfigMaps, Others], AbortSignal.timeout(10_000)));
      const apply = async (resource: Resource<ConfigMap>, family: string) =>
        await applier.apply(resource, {
          metadata: { namespace, name: family, labels: { family } },
          data: { said: family },
        });
      await apply(ConfigMaps, "ours");
      await apply(Others, "theirs");
      assert.deepEqual([...ours.keys()], [`${namespace}/ours`]);
      assert.deepEqual([...theirs.keys()], [`${namespace}/theirs`]);
      await waitUntil("silence", () => apply(Others, "theirs"), (sent) => !sent);
      const managers = async (name: string) =>
        (await runtime.steady.get(ConfigMaps, { namespace, name })).metadata.managedFields?.map((each) =>
          each.manager
        );
      assert.deepEqual(await managers("ours"), [FIELD_MANAGER]);
      assert.deepEqual(await managers("theirs"), ["other-family"]);
    } finally {
      stop.abort();
      await running;
    }
  }));
