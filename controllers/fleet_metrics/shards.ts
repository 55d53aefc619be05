/** How the pools of Shards stand, and how old their backups are. */
import { componentLabel, poolLabel } from "../../api/multigres/labels.ts";
import { type Shard, Shards } from "../../api/multigres/shard.ts";
import { Pods } from "../../kube/kinds.ts";
import { keyOf, type Store } from "../../kube/store.ts";
import type { Frozen } from "../../kube/types.ts";
import type { Sample, SampledMetric } from "../../telemetry/sampled.ts";
import { POOL_COMPONENT } from "../shard/view.ts";
import type { DriftBoard } from "./drift_board.ts";
import { clusterNameOf, type Fleet, namespaceOf } from "./fleet.ts";
import { desiredAndReady } from "./replicas.ts";

/** The label `cell` is there because others count by cell and pool; these numbers are of the pool in all its cells. */
const POOL_LABELS = ["cluster", "shard", "pool", "cell", "namespace"] as const;
type PoolLabel = typeof POOL_LABELS[number];

interface PoolOfShard {
  readonly shard: Frozen<Shard>;
  readonly pool: string;
  readonly labels: Readonly<Record<PoolLabel, string>>;
  /** Pods that are wanted. */
  readonly desired: number;
}

function poolsOf(shards: Store<Shard>): PoolOfShard[] {
  return [...shards.values()].flatMap((shard) =>
    // What was stored under an older schema may lack pools; one such object must not end a scrape.
    Object.entries(shard.spec?.pools ?? {}).map(([pool, { cells = [], replicasPerCell = 1 }]) => ({
      shard,
      pool,
      labels: {
        cluster: clusterNameOf(shard),
        shard: shard.metadata.name,
        pool,
        cell: "",
        namespace: namespaceOf(shard),
      },
      desired: cells.length * replicasPerCell,
    }))
  );
}

export function poolMetrics({ cache }: Fleet, board: DriftBoard): SampledMetric[] {
  const shards = cache.store(Shards.resource);
  const drifted = ({ shard, pool }: PoolOfShard) => board.drifted(keyOf(shard.metadata), pool);
  const perPool = (value: (pool: PoolOfShard) => number) => (): Sample[] =>
    poolsOf(shards).map((pool) => ({ labels: pool.labels, value: value(pool) }));
  return [
    {
      name: "multigres_operator_shard_pool_replicas",
      help: "Instances of a pool in all its cells: how many are wanted, and how many are ready.",
      type: "gauge",
      labelNames: [...POOL_LABELS, "state"],
      samples: () =>
        poolsOf(shards).flatMap((pool) => desiredAndReady(pool.labels, pool.desired, readyPods(cache, pool))),
    },
    {
      name: "multigres_operator_pool_pods_drifted",
      help: "Instances of a pool that are to be replaced, as they differ from what is wanted.",
      type: "gauge",
      labelNames: POOL_LABELS,
      samples: perPool(drifted),
    },
    {
      name: "multigres_operator_rolling_update_in_progress",
      help: "1 while instances of a pool are being replaced one after another, else 0.",
      type: "gauge",
      labelNames: POOL_LABELS,
      samples: perPool((pool) => isRolling(pool.shard) && drifted(pool) > 0 ? 1 : 0),
    },
  ];
}

function readyPods(cache: Fleet["cache"], { shard, pool }: PoolOfShard): number {
  const { uid = "" } = shard.metadata;
  return cache.children(Pods, uid).filter(({ metadata, status }) =>
    metadata.labels?.[componentLabel] === POOL_COMPONENT && metadata.labels[poolLabel] === pool &&
    metadata.deletionTimestamp === undefined &&
    status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True")
  ).length;
}

function isRolling({ status }: Frozen<Shard>): boolean {
  return status?.conditions?.some(({ type, status }) => type === "RollingUpdate" && status === "True") ??
    false;
}

/**
 * | the repository of the shard | age                          |
 * | --------------------------- | ---------------------------- |
 * | was never looked into       | (not told)                   |
 * | has no complete backup      | that of the Shard            |
 * | has one                     | since the newest was taken   |
 */
export function backupMetric({ cache, now }: Fleet): SampledMetric {
  const shards = cache.store(Shards.resource);
  return {
    name: "multigres_operator_last_backup_age_seconds",
    help: "Age of a Shard's newest complete backup; of the Shard itself while there is none.",
    type: "gauge",
    labelNames: ["cluster", "shard", "namespace"],
    samples: () => {
      const at = now().getTime();
      return [...shards.values()].flatMap((shard) => {
        const since = Date.parse(backupTime(shard) ?? "");
        if (Number.isNaN(since)) return [];
        const labels = {
          cluster: clusterNameOf(shard),
          shard: shard.metadata.name,
          namespace: namespaceOf(shard),
        };
        return [{ labels, value: Math.max(0, (at - since) / 1_000) }];
      });
    },
  };
}

function backupTime({ metadata, status }: Frozen<Shard>): string | undefined {
  if (status?.lastBackupTime !== undefined) return status.lastBackupTime;
  const hasNone = status?.conditions?.some(({ type, reason }) =>
    type === "BackupHealthy" && reason === "NoBackup"
  );
  return hasNone ? metadata.creationTimestamp : undefined;
}
