import assert from "node:assert/strict";
import type { ShardSpec } from "../../../api/multigres/shard.ts";
import { Shards } from "../../../api/multigres/shard.ts";
import { desiredBackupClaim, desiredDataClaim } from "../../../controllers/shard/desired_claims.ts";
import {
  desiredExporterQueries,
  desiredHbaConfigMap,
  desiredPostgresConfig,
} from "../../../controllers/shard/desired_config_maps.ts";
import { desiredDisruptionBudget } from "../../../controllers/shard/desired_disruption_budget.ts";
import { desiredOrchestrator } from "../../../controllers/shard/desired_orchestrator.ts";
import { desiredPod } from "../../../controllers/shard/desired_pod.ts";
import {
  desiredOrchestratorService,
  desiredPoolService,
} from "../../../controllers/shard/desired_services.ts";
import { driftOf } from "../../../controllers/shard/drift.ts";
import {
  orchestratorCells,
  podNamesOf,
  type PoolView,
  poolViews,
  type ShardView,
} from "../../../controllers/shard/view.ts";
import type { Applied, KubeClient } from "../../../kube/client.ts";
import { isRecord } from "../../../kube/errors.ts";
import {
  ConfigMaps,
  type Deployment,
  Deployments,
  PersistentVolumeClaims,
  PodDisruptionBudgets,
  Pods,
  Services,
} from "../../../kube/kinds.ts";
import type { Resource } from "../../../kube/resource.ts";
import type { KubeObject } from "../../../kube/types.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { waitUntil } from "../../ground/wait_for.ts";
import { withNamespace } from "../../ground/with_namespace.ts";
import { readDocuments } from "../../support/multigres_specs.ts";
import { differences } from "../../support/object_differences.ts";
import { installKinds, steadyClient } from "../../support/operator.ts";
import { plainShard, shardViewOf, storedShard } from "../../support/shard_view.ts";

type Step = [resource: Resource, object: Applied<KubeObject>];

function some(resource: Resource, object: Applied<KubeObject> | undefined): Step[] {
  return object === undefined ? [] : [[resource, object]];
}

/** Everything that is applied for a shard, again and again. */
function appliedFor(shard: ShardView): Step[] {
  return [
    [ConfigMaps, desiredHbaConfigMap(shard)],
    [ConfigMaps, desiredExporterQueries(shard)],
    ...some(ConfigMaps, desiredPostgresConfig(shard)),
    ...some(PersistentVolumeClaims, desiredBackupClaim(shard, undefined)),
    ...orchestratorCells(shard).flatMap((cell): Step[] => [
      [Deployments, desiredOrchestrator(shard, cell)],
      [Services, desiredOrchestratorService(shard, cell)],
    ]),
    ...poolViews(shard).flatMap((pool): Step[] => [
      [Services, desiredPoolService(pool)],
      ...some(PodDisruptionBudgets, desiredDisruptionBudget(pool)),
    ]),
  ];
}

/** Everything that is made once. */
function madeFor(pool: PoolView): Step[] {
  return podNamesOf(pool).flatMap((_, index): Step[] => [
    [PersistentVolumeClaims, desiredDataClaim(pool, index)],
    [Pods, podOf(pool, index)],
  ]);
}

function podOf(pool: PoolView, index: number) {
  const built = desiredPod(pool, index);
  assert.ok(built.ok, JSON.stringify(built));
  return built.pod;
}

async function recordedSpec(name: string): Promise<{ spec: ShardSpec; name: string; labels: object }> {
  const file = new URL(`../../../controllers/shard/fixtures/recorded_${name}.yaml`, import.meta.url);
  const manifest = (await readDocuments(file)).find(({ kind }) => kind === "Shard");
  assert.ok(manifest !== undefined && isRecord(manifest["metadata"]));
  const { spec, metadata } = storedShard(manifest);
  return { spec, name: metadata.name, labels: metadata.labels ?? {} };
}

/** Stores a Shard, and gives its view. */
async function store(client: KubeClient, namespace: string, shard: { name: string; spec: ShardSpec }) {
  const labels = { "multigres.com/cluster": shard.name.split("-")[0] ?? "c" };
  const metadata = { name: shard.name, namespace, labels };
  return shardViewOf(storedShard(await client.apply(Shards.resource, { metadata, spec: shard.spec })));
}

async function applyAll(client: KubeClient, steps: readonly Step[]): Promise<string[]> {
  const versions: string[] = [];
  for (const [resource, object] of steps) {
    const { metadata } = await client.apply(resource, object);
    versions.push(`${resource.kind} ${metadata.name} ${metadata.resourceVersion}`);
  }
  return versions;
}

/** Versions without those of Deployments and budgets, whose controllers write to them. */
function still(versions: readonly string[]): string[] {
  return versions.filter((version) =>
    !/^(Deployment|PodDisruptionBudget|PersistentVolumeClaim) /.test(version)
  );
}

async function allReady(client: KubeClient, namespace: string, count: number): Promise<void> {
  const selection = { namespace, labels: "app.kubernetes.io/component=shard-pool" };
  await waitUntil(
    `${count} ready pods`,
    () => client.listAll(Pods, selection),
    (pods) =>
      pods.length === count &&
      pods.every(({ status }) =>
        status?.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True") ?? false
      ),
  );
}

for (const [name, count] of [["minimal", 2], ["rich", 4]] as const) {
  Deno.test(`the API server takes all objects of the ${name} shard, and its pods become ready`, (t) =>
    withNamespace(t, async ({ namespace }) => {
      using client = steadyClient(sharedCluster().connection);
      await installKinds(client);
      const view = await store(client, namespace, await recordedSpec(name));
      const first = await applyAll(client, appliedFor(view));
      assert.deepEqual(still(await applyAll(client, appliedFor(view))), still(first));
      for (const [resource, object] of poolViews(view).flatMap(madeFor)) {
        await client.create(resource, object);
      }
      await allReady(client, namespace, count);
      for (const pool of poolViews(view)) {
        const live = await client.get(Pods, { namespace, name: podNamesOf(pool)[0] ?? "" });
        assert.equal(driftOf(live, podOf(pool, 0)), "none");
        const lost = differences(podOf(pool, 0), live).filter((line) => !line.startsWith("-"));
        assert.deepEqual(lost, []);
      }
    }));
}

Deno.test("the API server takes a pod that uses every option", (t) =>
  withNamespace(t, async ({ namespace }) => {
    using client = steadyClient(sharedCluster().connection);
    await installKinds(client);
    const { spec } = plainShard({
      pools: {
        main: {
          cells: ["a"],
          replicasPerCell: 2,
          postgres: { runAsUser: 70, runAsGroup: 70, resources: { limits: { memory: "1Gi" } } },
          multipooler: { runAsUser: 70 },
          fsGroup: 70,
          tolerations: [{ operator: "Exists" }],
          affinity: {
            podAntiAffinity: {
              preferredDuringSchedulingIgnoredDuringExecution: [{
                weight: 1,
                podAffinityTerm: { topologyKey: "kubernetes.io/hostname", namespaceSelector: {} },
              }],
            },
          },
          storage: { size: "1Gi", class: "standard", accessModes: ["ReadWriteOncePod"] },
        },
      },
      internalTLS: { enabled: true },
      observability: { otlpEndpoint: "http://o:4318", samplingConfigRef: { name: "rules", key: "s.yaml" } },
      globalTopoServer: {
        address: "topo:2379",
        implementation: "etcd",
        rootPath: "/r",
        caSecret: "ca",
        clientCertSecret: "client",
      },
      images: {
        multiorch: "m",
        multipooler: "p",
        postgres: "d",
        imagePullPolicy: "Always",
        imagePullSecrets: [{ name: "reg" }],
      },
      initdbArgs: "--data-checksums",
      backup: {
        type: "s3",
        s3: { bucket: "b", region: "r", credentialsSecret: "aws" },
        encryption: { secretName: "keys" },
        pgbackrestTLS: { secretName: "own" },
      },
      multiorch: { cells: ["a"], replicas: 2 },
    }).owner;
    const view = await store(client, namespace, { name: "c-everything", spec });
    await applyAll(client, [...appliedFor(view), ...poolViews(view).flatMap(madeFor)]);
    await allReady(client, namespace, 2);
  }));

Deno.test("a Deployment of another operator is taken over, and its pods change their identities with their number", (t) =>
  withNamespace(t, async ({ namespace }) => {
    using client = steadyClient(sharedCluster().connection);
    await installKinds(client);
    const { name, spec } = await recordedSpec("minimal");
    const strategyAfter = async (replicas: number) => {
      const multiorch = { ...spec.multiorch, replicas };
      const view = await store(client, namespace, { name, spec: { ...spec, multiorch } });
      const [cell] = orchestratorCells(view);
      const { metadata, spec: applied } = await client.apply(
        Deployments,
        desiredOrchestrator(view, cell ?? ""),
      );
      assert.equal(metadata.name, "minimal-postgres-default-0-inf-multiorch-zone-a-bbe2a333");
      return applied?.strategy?.rollingUpdate;
    };
    const view = await store(client, namespace, { name, spec });
    await client.apply(Deployments, withoutStrategy(desiredOrchestrator(view, "zone-a")));
    assert.deepEqual(await strategyAfter(1), { maxSurge: 0, maxUnavailable: 1 });
    assert.deepEqual(await strategyAfter(2), { maxSurge: "25%", maxUnavailable: "25%" });
    assert.deepEqual(await strategyAfter(1), { maxSurge: 0, maxUnavailable: 1 });
  }));

function withoutStrategy({ metadata, spec }: Applied<Deployment>): Applied<Deployment> {
  assert.ok(spec !== undefined);
  const { strategy: _, ...rest } = spec;
  return { metadata, spec: rest };
}
