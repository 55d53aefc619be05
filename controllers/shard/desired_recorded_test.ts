import assert from "node:assert/strict";
import { isRecord } from "../../kube/errors.ts";
import { readDocuments } from "../../tests/support/multigres_specs.ts";
import { differences } from "../../tests/support/object_differences.ts";
import { withoutServerDefaults } from "../../tests/support/server_defaults.ts";
import { shardViewOf, storedShard } from "../../tests/support/shard_view.ts";
import { desiredBackupClaim, desiredDataClaim } from "./desired_claims.ts";
import { desiredExporterQueries, desiredHbaConfigMap, desiredPostgresConfig } from "./desired_config_maps.ts";
import { desiredDisruptionBudget } from "./desired_disruption_budget.ts";
import { desiredOrchestrator } from "./desired_orchestrator.ts";
import { desiredPod } from "./desired_pod.ts";
import { desiredOrchestratorService, desiredPoolService } from "./desired_services.ts";
import { orchestratorCells, podNamesOf, type PoolView, poolViews, type ShardView } from "./view.ts";

type Json = Record<string, unknown>;

async function recordedObjects(name: string): Promise<Map<string, Json>> {
  const documents = await readDocuments(new URL(`fixtures/recorded_${name}.yaml`, import.meta.url));
  return new Map(documents.map((document) => [`${document["kind"]}/${nameOf(document)}`, document]));
}

function nameOf(object: Json): string {
  const metadata = object["metadata"];
  assert.ok(isRecord(metadata) && typeof metadata["name"] === "string");
  return metadata["name"];
}

async function view(name: string): Promise<{ shard: ShardView; recorded: Map<string, Json> }> {
  const recorded = await recordedObjects(name);
  const [, shard] = [...recorded].find(([key]) => key.startsWith("Shard/")) ?? [];
  assert.ok(shard !== undefined);
  return { shard: shardViewOf(storedShard(shard)), recorded };
}

type Built = { readonly metadata: { readonly name: string }; readonly data?: unknown };

function objectsOf(shard: ShardView): [string, Built | undefined][] {
  return [
    ["ConfigMap", desiredHbaConfigMap(shard)],
    ["ConfigMap", desiredExporterQueries(shard)],
    ["ConfigMap", desiredPostgresConfig(shard)],
    ["PersistentVolumeClaim", desiredBackupClaim(shard, undefined)],
    ...orchestratorCells(shard).flatMap((cell): [string, Built][] => [
      ["Deployment", desiredOrchestrator(shard, cell)],
      ["Service", desiredOrchestratorService(shard, cell)],
    ]),
    ...poolViews(shard).flatMap(objectsOfPool),
  ];
}

function objectsOfPool(pool: PoolView): [string, Built | undefined][] {
  return [
    ["Service", desiredPoolService(pool)],
    ["PodDisruptionBudget", desiredDisruptionBudget(pool)],
    ...podNamesOf(pool).flatMap((_, index): [string, Built][] => {
      const pod = desiredPod(pool, index);
      assert.ok(pod.ok);
      return [["PersistentVolumeClaim", desiredDataClaim(pool, index)], ["Pod", pod.pod]];
    }),
  ];
}

/** Fields that an API server fills in, or that no two runs share. */
const notOurs = [
  /^\+ \.metadata\.namespace: "ns"$/,
  /^\+ \.metadata\.ownerReferences\[0\]\.uid: /,
  /^- \.metadata\.finalizers: \["kubernetes.io\/pvc-protection"\]$/,
  /^- \.metadata\.labels\.topology\.kubernetes\.io\/(region|zone): /,
  /^- \.spec\.(volumeMode: "Filesystem"|enableServiceLinks: true|preemptionPolicy: |priority: 0)/,
  /^- \.spec\.(serviceAccount|serviceAccountName): "default"$/,
  /^- \.spec\.tolerations: \[\]$/,
  /^- \.spec\.clusterIPs: \["None"\]$/,
  /^- \.spec\.containers\[1\]\.resources: {}$/,
  /^- \.spec\.volumes\[\d\]\.configMap\.defaultMode: 420$/,
];

/** Lines that tell our objects from the recorded ones, but for those of the API server. */
function unlike(kind: string, ours: Built, theirs: Json): string[] {
  const lines = differences(withoutServerDefaults({ kind, ...ours }), withoutServerDefaults(theirs));
  return lines.filter((line) => !notOurs.some((pattern) => pattern.test(line)));
}

/** Of ConfigMaps only the keys were recorded. */
function dataNames(ours: Built): Built {
  return isRecord(ours.data) ? { ...ours, data: Object.keys(ours.data) } : ours;
}

const hashes = ["postgres-config-hash", "postgres-reload-hash"];

/** What the pods of both examples have that the recorded ones have not, and the other way round. */
function podDifferences(recordedHashes: readonly string[]): RegExp[] {
  return [
    ...recordedHashes.map((name) => new RegExp(`^~ \\.metadata\\.annotations\\.multigres\\.com/${name}: `)),
    /^~ \.metadata\.annotations\.multigres\.com\/spec-hash: "[0-9a-f]{16}", "[0-9a-f]{8}"$/,
    /^\+ \.metadata\.annotations\.multigres\.com\/user-hash: "[0-9a-f]{16}"$/,
    /^\+ \.spec\.containers\[0\]\.args: --postgres-unrecoverable-timeout=5m$/,
    /^\+ \.spec\.securityContext: {"fsGroup":999,"fsGroupChangePolicy":"OnRootMismatch"}$/,
  ];
}

const purposely: Readonly<Record<string, readonly RegExp[]>> = {
  Pod: podDifferences(hashes),
  Deployment: [
    /^\+ \.spec\.template\.spec\.containers\[0\]\.args: --service-id=o-[0-9a-f]{8}$/,
    /^~ \.spec\.template\.spec\.containers\[0\]\.startupProbe\.httpGet\.path: "\/live", "\/ready"$/,
    /^\+ \.spec\.strategy: {"type":"RollingUpdate","rollingUpdate":{"maxSurge":0,"maxUnavailable":1}}$/,
  ],
  PersistentVolumeClaim: [],
  PodDisruptionBudget: [],
  Service: [],
  ConfigMap: [],
};

/** Of single objects: the class that admission gave to claims that name none, and hashes that we keep with the settings. */
function alsoExpected(key: string): RegExp[] {
  if (/^PersistentVolumeClaim\/(backup-|data-minimal)/.test(key)) {
    return [/^- \.spec\.storageClassName: "standard"$/];
  }
  return key.endsWith("-postgres-config")
    ? [/^\+ \.metadata\.annotations: {"multigres\.com\/postgres-config-hash":"restart",/]
    : [];
}

for (const name of ["minimal", "rich"]) {
  Deno.test(`the shard of the ${name} example gets the recorded objects, but for what differs on purpose`, async () => {
    const { shard, recorded } = await view(name);
    const built = new Map<string, { kind: string; object: Built }>(
      objectsOf(shard).flatMap(([kind, object]) =>
        object === undefined ? [] : [[`${kind}/${object.metadata.name}`, { kind, object }] as const]
      ),
    );
    for (const [key, theirs] of recorded) {
      if (key.startsWith("Shard/")) continue;
      const ours = built.get(key);
      assert.ok(ours !== undefined, `${key} is made`);
      const found = unlike(ours.kind, dataNames(ours.object), theirs);
      const expected = [...purposely[ours.kind] ?? [], ...alsoExpected(key)];
      assert.equal(found.length, expected.length, `${key}\n${found.join("\n")}`);
      for (const pattern of expected) {
        assert.equal(
          found.filter((line) => pattern.test(line)).length,
          1,
          `${pattern} in ${found.join("\n")}`,
        );
      }
    }
  });
}
