/** Shards as the builders of their objects see them. */
import assert from "node:assert/strict";
import { type Shard, Shards, type ShardSpec } from "../../api/multigres/shard.ts";
import { type PoolView, poolViews, type ShardView } from "../../controllers/shard/view.ts";
import type { Stored } from "../../kube/types.ts";
import { deepFreeze } from "./multigres_specs.ts";

/** A stored Shard from its manifest, as an API server would give it out. */
export function storedShard(manifest: object): Shard & Stored {
  const decoded = Shards.decode({ apiVersion: "multigres.com/v1alpha1", ...manifest });
  assert.ok(decoded.ok, JSON.stringify(decoded));
  const { value } = decoded;
  return {
    ...value,
    metadata: { namespace: "ns", uid: "uid-of-the-shard", resourceVersion: "1", ...value.metadata },
  };
}

/** The view of a Shard, frozen all the way down. */
export function shardViewOf(owner: Shard & Stored, other: Partial<ShardView> = {}): ShardView {
  const cluster = owner.metadata.labels?.["multigres.com/cluster"] ?? "c";
  const config = { text: "work_mem = '8MB'\n", restartHash: "restart", reloadHash: "reload" };
  return deepFreeze({ owner, cluster, project: cluster, telemetry: {}, config, ...other });
}

const plainSpec: ShardSpec = {
  databaseName: "postgres",
  tableGroupName: "default",
  shardName: "0-inf",
  globalTopoServer: { address: "topo:2379", implementation: "etcd", rootPath: "/multigres/global" },
  images: { multiorch: "m:1", multipooler: "p:1", postgres: "d:1" },
  postgresPasswordSecretRef: { name: "pw", key: "password" },
  multiorch: { cells: ["a"], replicas: 1 },
  pools: { main: { cells: ["a"], replicasPerCell: 3 } },
  backup: { type: "filesystem", filesystem: { path: "/backups", storage: { size: "10Gi" } } },
};

/** The view of a plain Shard with one pool of three in one cell, with some of its spec replaced. */
export function plainShard(spec: Partial<ShardSpec> = {}, other: Partial<ShardView> = {}): ShardView {
  return shardViewOf(
    storedShard({ kind: "Shard", metadata: { name: "c-shard" }, spec: { ...plainSpec, ...spec } }),
    other,
  );
}

/** The first pool of a shard in its first cell. */
export function firstPool(shard: ShardView): PoolView {
  const [pool] = poolViews(shard);
  assert.ok(pool !== undefined);
  return pool;
}
