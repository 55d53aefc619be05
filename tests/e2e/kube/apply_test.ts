import assert from "node:assert/strict";
import { Applier } from "../../../kube/apply.ts";
import { Cache } from "../../../kube/cache.ts";
import type { Applied } from "../../../kube/client.ts";
import { systemClock } from "../../../kube/clock.ts";
import {
  Deployments,
  PersistentVolumeClaims,
  PodDisruptionBudgets,
  Services,
  StatefulSets,
} from "../../../kube/kinds.ts";
import type { StatefulSet } from "../../../kube/kinds.ts";
import { seededRandom } from "../../../kube/random.ts";
import type { Resource } from "../../../kube/resource.ts";
import type { KubeObject } from "../../../kube/types.ts";
import { silentLogger } from "../../../telemetry/log.ts";
import { silentMetrics } from "../../../telemetry/metrics.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { waitFor } from "../../ground/wait_for.ts";
import { withNamespace } from "../../ground/with_namespace.ts";
import { openRuntime, type Runtime } from "../../support/harness.ts";

interface Stage {
  readonly runtime: Runtime;
  readonly namespace: string;
  readonly applier: Applier;
  readonly cache: Cache;
}

const KINDS: readonly Resource[] = [
  Services,
  StatefulSets,
  Deployments,
  PodDisruptionBudgets,
  PersistentVolumeClaims,
];

function scenario(name: string, run: (stage: Stage) => Promise<void>): void {
  Deno.test(name, (t) =>
    withNamespace(t, async ({ namespace }) => {
      using runtime = openRuntime(sharedCluster().connection);
      const cache = new Cache({
        client: runtime.client,
        clock: systemClock,
        random: seededRandom(3),
        log: silentLogger,
        metrics: silentMetrics,
        namespaces: [namespace],
      });
      for (const resource of KINDS) cache.watch({ resource });
      const stop = new AbortController();
      const running = cache.run(stop.signal);
      try {
        assert.ok(await cache.whenSynced(KINDS, AbortSignal.timeout(10_000)));
        await run({ runtime, namespace, cache, applier: new Applier(runtime.client, cache) });
      } finally {
        stop.abort();
        await running;
      }
    }));
}

const selector = { app: "db" };
const container = {
  name: "db",
  image: "example/db:1",
  ports: [{ name: "sql", containerPort: 5432 }, { name: "metrics", containerPort: 9187, protocol: "TCP" }],
  env: [{ name: "A", value: "1" }, { name: "POD", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }],
  resources: { requests: { cpu: "0.5", memory: "1024Mi" } },
  readinessProbe: { httpGet: { path: "/", port: 80 }, periodSeconds: 5 },
  volumeMounts: [{ name: "data", mountPath: "/data" }],
};

function statefulSet(namespace: string): Applied<StatefulSet> {
  return {
    metadata: { namespace, name: "db", labels: { tier: "data" }, annotations: { note: "one" } },
    spec: {
      serviceName: "db",
      replicas: 2,
      podManagementPolicy: "Parallel",
      selector: { matchLabels: selector },
      template: {
        metadata: { labels: selector },
        spec: {
          containers: [container],
          tolerations: [{ key: "db", operator: "Exists", effect: "NoExecute", tolerationSeconds: 60 }],
        },
      },
      volumeClaimTemplates: [{
        metadata: { name: "data" },
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
      }],
    },
  };
}

/** One object of each kind that the controllers make, with lists of every sort in it. */
function objects(namespace: string): [Resource, Applied<KubeObject> & Record<string, unknown>][] {
  return [
    [Services, {
      metadata: { namespace, name: "db" },
      spec: {
        selector,
        ports: [{ name: "sql", port: 5432, targetPort: "sql" }],
        publishNotReadyAddresses: true,
      },
    }],
    [StatefulSets, statefulSet(namespace)],
    [Deployments, {
      metadata: { namespace, name: "web" },
      spec: {
        replicas: 1,
        selector: { matchLabels: { app: "web" } },
        template: {
          metadata: { labels: { app: "web" } },
          spec: {
            containers: [{ ...container, volumeMounts: [] }],
            volumes: [{ name: "tmp", emptyDir: {} }],
          },
        },
      },
    }],
    [PodDisruptionBudgets, {
      metadata: { namespace, name: "db" },
      spec: { maxUnavailable: 1, selector: { matchLabels: selector } },
    }],
    [PersistentVolumeClaims, {
      metadata: { namespace, name: "backup" },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1024Mi" } } },
    }],
  ];
}

scenario(
  "applying the same again makes no request, for every kind, also while the server fills in status",
  async (stage) => {
    const { runtime, namespace, applier, cache } = stage;
    for (const [resource, object] of objects(namespace)) {
      assert.equal(await applier.apply(resource, object), true, `${resource.kind} was created`);
    }
    await waitFor(
      "the StatefulSet to be ready",
      () => cache.get(StatefulSets, { namespace, name: "db" })?.status?.readyReplicas === 2,
    );
    const before = runtime.transport.writes.length;
    for (const [resource, object] of objects(namespace)) {
      assert.equal(await applier.apply(resource, object), false, `${resource.kind} was sent again`);
    }
    assert.deepEqual(runtime.transport.writes.slice(before), []);
  },
);

scenario("a changed, a removed and an overwritten field are each put right by one request", async (stage) => {
  const { namespace, applier, runtime } = stage;
  const base = statefulSet(namespace);
  await applier.apply(StatefulSets, base);
  assert.equal(await applier.apply(StatefulSets, { ...base, spec: { ...base.spec!, replicas: 3 } }), true);

  const bare = { ...base, metadata: { namespace, name: "db", labels: { tier: "data" } } };
  assert.equal(
    await applier.apply(StatefulSets, bare),
    true,
    "a field that is not named any more is given up",
  );
  const live = await runtime.steady.get(StatefulSets, { namespace, name: "db" });
  assert.equal(live.metadata.annotations?.["note"], undefined);
  assert.equal(live.spec?.replicas, 2);

  await runtime.steady.patch(StatefulSets, { namespace, name: "db" }, { spec: { replicas: 5 } });
  await waitFor(
    "the foreign change to be seen",
    () => stage.cache.get(StatefulSets, { namespace, name: "db" })?.spec?.replicas === 5,
  );
  assert.equal(await applier.apply(StatefulSets, bare), true);
  assert.equal((await runtime.steady.get(StatefulSets, { namespace, name: "db" })).spec?.replicas, 2);
});

scenario("a field taken out of a list item that is owned as a whole is really removed", async (stage) => {
  const { namespace, applier, runtime } = stage;
  const base = statefulSet(namespace);
  await applier.apply(StatefulSets, base);
  const spec = base.spec!;
  const pod = spec.template.spec!;
  const without = {
    ...base,
    spec: {
      ...spec,
      template: {
        ...spec.template,
        spec: { ...pod, tolerations: [{ key: "db", operator: "Exists", effect: "NoExecute" }] },
      },
    },
  };
  assert.equal(await applier.apply(StatefulSets, without), true);
  const live = await runtime.steady.get(StatefulSets, { namespace, name: "db" });
  assert.deepEqual(live.spec?.template.spec?.tolerations, without.spec.template.spec.tolerations);
  assert.equal(await applier.apply(StatefulSets, without), false);
});

scenario("after a restart each object costs at most one request, which changes nothing", async (stage) => {
  const { namespace, applier, runtime, cache } = stage;
  for (const [resource, object] of objects(namespace)) await applier.apply(resource, object);
  await waitFor(
    "the StatefulSet to be ready",
    () => cache.get(StatefulSets, { namespace, name: "db" })?.status?.readyReplicas === 2,
  );
  const restarted = new Cache({
    client: runtime.client,
    clock: systemClock,
    random: seededRandom(4),
    log: silentLogger,
    metrics: silentMetrics,
    namespaces: [namespace],
  });
  for (const resource of KINDS) restarted.watch({ resource });
  const stop = new AbortController();
  const running = restarted.run(stop.signal);
  await restarted.whenSynced(KINDS, AbortSignal.timeout(10_000));
  const second = new Applier(runtime.client, restarted);
  const version = () => restarted.get(StatefulSets, { namespace, name: "db" })?.metadata.resourceVersion;
  const before = version();
  const sent: string[] = [];
  for (const [resource, object] of objects(namespace)) {
    const asked = runtime.transport.writes.length;
    assert.equal(await second.apply(resource, object), false, `${resource.kind} was changed`);
    if (runtime.transport.writes.length > asked) sent.push(resource.kind);
  }
  assert.deepEqual(sent, ["StatefulSet", "Deployment"], "claim templates and an empty list leave a doubt");
  assert.equal(version(), before);
  const asked = runtime.transport.writes.length;
  assert.equal(await second.apply(StatefulSets, statefulSet(namespace)), false);
  assert.equal(runtime.transport.writes.length, asked);
  stop.abort();
  await running;
});
