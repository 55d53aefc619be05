import assert from "node:assert/strict";
import { parse } from "yaml";
import { isRecord } from "../../kube/errors.ts";
import type { PersistentVolumeClaim, Pod } from "../../kube/kinds.ts";
import { firstPool, plainShard } from "../../tests/support/shard_view.ts";
import { desiredBackupClaim, desiredDataClaim, poolPolicy } from "./desired_claims.ts";
import { desiredHbaConfigMap, desiredPostgresConfig, recordedSettings } from "./desired_config_maps.ts";
import { desiredDisruptionBudget } from "./desired_disruption_budget.ts";
import { desiredOrchestrator, desiredOrchestrators } from "./desired_orchestrator.ts";
import { exporterQueries } from "./exporter_queries.ts";
import { podNamesOf, poolViews } from "./view.ts";

const Delete = { whenDeleted: "Delete", whenScaled: "Delete" } as const;
const Retain = { whenDeleted: "Retain", whenScaled: "Delete" } as const;

Deno.test("pools and cells come in the order of their names, each with its own pods", () => {
  const shard = plainShard({
    pools: { b: { cells: ["z", "a"], replicasPerCell: 2 }, a: { cells: ["a"] }, none: {} },
  });
  const pools = poolViews(shard);
  assert.deepEqual(pools.map(({ name, cell }) => `${name}/${cell}`), ["a/a", "b/a", "b/z"]);
  assert.deepEqual(pools.map((pool) => podNamesOf(pool).length), [1, 2, 2]);
  assert.equal(new Set(pools.flatMap(podNamesOf)).size, 5);
});

Deno.test("a claim goes with its shard when the closest policy says so", () => {
  const shard = plainShard({
    pvcDeletionPolicy: Delete,
    pools: { a: { cells: ["a"], pvcDeletionPolicy: Retain }, b: { cells: ["a"] } },
  });
  const owners = poolViews(shard).map((pool) => desiredDataClaim(pool, 0).metadata.ownerReferences?.length);
  assert.deepEqual(owners, [undefined, 1]);
  assert.equal(desiredBackupClaim(shard, undefined)?.metadata.ownerReferences?.[0]?.uid, "uid-of-the-shard");
  assert.deepEqual(poolPolicy(firstPool(plainShard())), Retain);
  assert.equal(desiredBackupClaim(plainShard(), undefined)?.metadata.ownerReferences, undefined);
});

Deno.test("claims are made as the user asked, or small and for one node", () => {
  const storage = { size: "5Gi", class: "fast", accessModes: ["ReadWriteMany" as const] };
  const asked = firstPool(plainShard({ pools: { main: { cells: ["a"], storage } } }));
  assert.deepEqual(desiredDataClaim(asked, 0).spec, {
    accessModes: ["ReadWriteMany"],
    resources: { requests: { storage: "5Gi" } },
    storageClassName: "fast",
  });
  const plain = desiredDataClaim(firstPool(plainShard()), 0);
  assert.deepEqual(plain.spec, {
    accessModes: ["ReadWriteOnce"],
    resources: { requests: { storage: "1Gi" } },
  });
});

Deno.test("a claim for backups that stands keeps what cannot be changed, and its size", () => {
  const storage = { size: "20Gi", class: "fast", accessModes: ["ReadWriteMany" as const] };
  const shard = plainShard({ backup: { type: "filesystem", filesystem: { storage } } });
  const standing: PersistentVolumeClaim = {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "b" },
    spec: {
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage: "10Gi" } },
      storageClassName: "standard",
      volumeName: "pv",
    },
  };
  const kept = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "10Gi" } } };
  assert.deepEqual(desiredBackupClaim(shard, { ...standing, namesClass: true })?.spec, {
    ...kept,
    storageClassName: "standard",
  });
  assert.deepEqual(desiredBackupClaim(shard, { ...standing, namesClass: false })?.spec, kept);
});

Deno.test("backups in an object store need no claim", () => {
  const shard = plainShard({ backup: { type: "s3", s3: { bucket: "b", region: "r" } } });
  assert.equal(desiredBackupClaim(shard, undefined), undefined);
});

Deno.test("a pool with one instance in a cell gets no budget there", () => {
  const budgetOf = (replicasPerCell: number) =>
    desiredDisruptionBudget(firstPool(plainShard({ pools: { main: { cells: ["a"], replicasPerCell } } })));
  assert.equal(budgetOf(1), undefined);
  assert.equal(budgetOf(2)?.spec?.maxUnavailable, 1);
});

Deno.test("nobody connects without a password, and local lines have no address", () => {
  const text = desiredHbaConfigMap(plainShard()).data?.["pg_hba_template.conf"] ?? "";
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).map((line) =>
    line.split(/\s+/)
  );
  assert.equal(lines.length, 11);
  for (const [type, , , ...rest] of lines) {
    assert.deepEqual(rest.slice(type === "local" ? 0 : 1), ["scram-sha-256"]);
  }
  assert.ok(!text.includes("{{"));
});

Deno.test("the exporter measures what dashboards ask for", () => {
  const parsed: unknown = parse(exporterQueries());
  assert.ok(isRecord(parsed));
  const metrics = Object.entries(parsed).flatMap(([prefix, query]) => {
    assert.ok(isRecord(query) && Array.isArray(query["metrics"]) && query["master"] === true);
    return query["metrics"].flatMap((metric) =>
      Object.entries(metric).flatMap(([name, about]) => {
        assert.ok(isRecord(about));
        return about["usage"] === "LABEL" ? [] : [`${prefix}_${name}`];
      })
    );
  });
  assert.deepEqual(metrics, [
    "pg_database_size_mb",
    "pg_wal_size_mb",
    "pg_stat_database_num_backends",
    "physical_replication_lag_seconds",
    "physical_replication_lag_is_wal_replay_paused",
    "physical_replication_lag_is_connected_to_primary",
    "connection_stats_connection_count",
    "max_connections_connection_count",
  ]);
});

Deno.test("the settings stay with their hashes, so that the last good ones can be read again", () => {
  const config = { text: "work_mem = '8MB'\n", restartHash: "1", reloadHash: "2" };
  for (const each of [config, { ...config, askedHash: "3" }]) {
    const { metadata, data = {} } = desiredPostgresConfig(plainShard({}, { config: each })) ?? {
      metadata: { name: "none" },
    };
    assert.deepEqual(recordedSettings({ apiVersion: "v1", kind: "ConfigMap", metadata, data }), each);
  }
  assert.equal(desiredPostgresConfig(plainShard({}, { config: undefined })), undefined);
  const strange = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x" }, data: { a: "b" } };
  assert.equal(recordedSettings(strange), undefined);
});

function orchestratorPod(name: string, cell: string, component = "multiorch"): Pod {
  const labels = { "app.kubernetes.io/component": component, "multigres.com/cell": cell };
  return { apiVersion: "v1", kind: "Pod", metadata: { name, labels } };
}

Deno.test("a single orchestrator keeps its ID for good, several have those of their pods", () => {
  const argsOf = (replicas: number) => {
    const template = desiredOrchestrator(plainShard({ multiorch: { cells: ["a"], replicas } }), "a").spec
      ?.template;
    const [container] = template?.spec?.containers ?? [];
    return [container?.args?.filter((arg) => arg.startsWith("--service-id")), container?.env];
  };
  assert.match(String(argsOf(1)), /^--service-id=o-[0-9a-f]{8},$/);
  assert.deepEqual(argsOf(1), argsOf(0));
  const env = [{ name: "MT_SERVICE_ID", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }];
  assert.deepEqual(argsOf(2), [[], env]);
});

Deno.test("known are the orchestrators that a shard has, and those that it can have again", () => {
  const pods = [orchestratorPod("x-1", "a"), orchestratorPod("pool-0", "a", "shard-pool")];
  const idsOf = (replicas: number) =>
    desiredOrchestrators(plainShard({ multiorch: { cells: ["b", "a"], replicas } }), pods)
      .map(({ cell, serviceId }) => `${cell}/${serviceId.replace(/^o-[0-9a-f]{8}$/, "o")}`);
  assert.deepEqual(idsOf(1), ["a/o", "b/o", "a/x-1"]);
  assert.deepEqual(idsOf(2), ["a/x-1"]);
});

Deno.test("orchestrators without cells of their own run where the pools do", () => {
  const shard = plainShard({
    multiorch: {},
    pools: { x: { cells: ["c", "a"] }, y: { cells: ["b", "a"] } },
  });
  assert.deepEqual(desiredOrchestrators(shard, []).map(({ cell }) => cell), ["a", "b", "c"]);
});

Deno.test("an orchestrator calls the poolers by their identity, and keeps a user's labels and annotations", () => {
  const shard = plainShard({
    internalTLS: { enabled: true },
    multiorch: { cells: ["a"], podLabels: { tier: "x" }, podAnnotations: { note: "y" } },
    images: {
      multiorch: "m:1",
      multipooler: "p:1",
      postgres: "d:1",
      imagePullPolicy: "Always",
      imagePullSecrets: [{ name: "reg" }],
    },
  });
  const template = desiredOrchestrator(shard, "a").spec?.template;
  const [container] = template?.spec?.containers ?? [];
  assert.ok(container !== undefined);
  assert.ok(container.args?.includes("multipooler.c.ns.multigres.internal"));
  assert.equal(container.imagePullPolicy, "Always");
  assert.deepEqual(template?.spec?.imagePullSecrets, [{ name: "reg" }]);
  assert.equal(template?.metadata?.labels?.["tier"], "x");
  assert.deepEqual(template?.metadata?.annotations, { note: "y", "multigres.com/project-ref": "c" });
});
