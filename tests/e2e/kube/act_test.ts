import assert from "node:assert/strict";
import { act, type Tools } from "../../../kube/act.ts";
import { Applier } from "../../../kube/apply.ts";
import { Cache } from "../../../kube/cache.ts";
import { systemClock } from "../../../kube/clock.ts";
import { ConfigMaps, Secrets } from "../../../kube/kinds.ts";
import { create, remove } from "../../../kube/plan.ts";
import { seededRandom } from "../../../kube/random.ts";
import { silentLogger } from "../../../telemetry/log.ts";
import { silentMetrics } from "../../../telemetry/metrics.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { withNamespace } from "../../ground/with_namespace.ts";
import { openRuntime } from "../../support/harness.ts";

Deno.test("what was deleted is known to end, or to be gone, before any watch has told", (t) =>
  withNamespace(t, async ({ namespace }) => {
    using runtime = openRuntime(sharedCluster().connection);
    const { client } = runtime;
    const parts = { clock: systemClock, random: seededRandom(5), log: silentLogger, metrics: silentMetrics };
    // Its watches are never started: all it knows are answers to writes.
    const cache = new Cache({ client, ...parts, namespaces: [namespace] });
    cache.watch({ resource: ConfigMaps });
    const tools: Tools = { client, cache, applier: new Applier(client, cache), record: () => {} };
    const known = (name: string) => cache.get(ConfigMaps, { namespace, name });
    const made = async (name: string, finalizers: string[]) => {
      const result = await act([create(ConfigMaps, { metadata: { namespace, name, finalizers } })], tools);
      assert.equal(result.kind, "done");
      const object = known(name);
      assert.ok(object !== undefined);
      return object;
    };

    const held = await made("held", ["example.com/held"]);
    const free = await made("free", []);
    assert.equal((await act([remove(ConfigMaps, held), remove(ConfigMaps, free)], tools)).written.length, 2);
    assert.ok(known("held")?.metadata.deletionTimestamp !== undefined);
    assert.equal(known("free"), undefined);
    assert.deepEqual((await act([remove(ConfigMaps, free)], tools)).written, [], "it was gone already");

    const unwatched = await client.create(Secrets, { metadata: { namespace, name: "free" } });
    assert.equal((await act([remove(Secrets, unwatched)], tools)).written.length, 1);

    const ending = known("held") ?? held;
    await client.patch(ConfigMaps, ending.metadata, { metadata: { finalizers: null } });
  }));
