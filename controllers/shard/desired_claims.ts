/** The claims of a shard: one for the data of each instance, and one for the backups of all. */
import { backupClaimName, dataClaimName, poolPodName } from "../../api/multigres/names.ts";
import type { PvcDeletionPolicy, StorageSpec } from "../../api/multigres/storage.ts";
import type { Applied } from "../../kube/client.ts";
import type { PersistentVolumeClaim } from "../../kube/kinds.ts";
import { controllerReference } from "../../kube/owner.ts";
import type { Frozen, OwnerReference } from "../../kube/types.ts";
import { poolVolume, repositoryVolume } from "../../resolve/defaults.ts";
import {
  namespaceOf,
  POOL_COMPONENT,
  poolLabels,
  poolPath,
  type PoolView,
  shardLabels,
  shardPath,
  type ShardView,
} from "./view.ts";

type ClaimSpec = NonNullable<PersistentVolumeClaim["spec"]>;

/** What holds when no level has a policy: the same as when a level has one that says nothing. */
const standardPolicy: PvcDeletionPolicy = { whenDeleted: "Retain", whenScaled: "Delete" };

/** Fate of the claims that belong to the shard as a whole, and to pools that are gone from its spec. */
export function shardPolicy({ owner }: ShardView): PvcDeletionPolicy {
  return owner.spec.pvcDeletionPolicy ?? standardPolicy;
}

/** Fate of a pool's claims. */
export function poolPolicy({ shard, spec }: PoolView): PvcDeletionPolicy {
  return spec.pvcDeletionPolicy ?? shardPolicy(shard);
}

/** Owners of a claim: the shard, and only when the claim is to go with it. */
export function claimOwners(shard: ShardView, { whenDeleted }: PvcDeletionPolicy): OwnerReference[] {
  return whenDeleted === "Delete" ? [controllerReference(shard.owner)] : [];
}

/**
 * The data of one instance. Made once and never applied again: most of a claim cannot be changed, and growth, owners and
 * marks each follow a decision of their own.
 */
export function desiredDataClaim(pool: PoolView, index: number): Applied<PersistentVolumeClaim> {
  const name = dataClaimName(poolPodName(poolPath(pool), index));
  return {
    metadata: claimMetadata(pool.shard, name, poolLabels(pool), poolPolicy(pool)),
    spec: claimSpec(pool.spec.storage, poolVolume),
  };
}

/** Size of the data claims of a pool, as a quantity. */
export function dataClaimSize({ spec }: PoolView): string {
  return spec.storage?.size ?? poolVolume;
}

/** Size of the claim for backups, as a quantity. */
export function backupClaimSize({ owner }: ShardView): string {
  return owner.spec.backup?.filesystem?.storage?.size ?? repositoryVolume;
}

/** A claim as it stands, and whether its storage class was named by whoever applied it. */
export interface StandingClaim extends Pick<Frozen<PersistentVolumeClaim>, "spec"> {
  readonly namesClass: boolean;
}

/**
 * The repository that all instances of the shard share; none when backups go to an object store.
 *
 * It is ReadWriteOnce unless the user says otherwise, also for several pods: storage that pods of several nodes can write to
 * is not there in every cluster, the mode can never be changed, and on one node ReadWriteOnce serves any number of pods.
 * @param existing what stands now: its mode and class cannot be changed, and growing it is a decision of its own, so that
 *   a class that cannot grow stops nothing else
 */
export function desiredBackupClaim(
  shard: ShardView,
  existing: StandingClaim | undefined,
): Applied<PersistentVolumeClaim> | undefined {
  const { backup } = shard.owner.spec;
  if (backup?.type === "s3") return undefined;
  const labels = shardLabels(shard, POOL_COMPONENT);
  return {
    metadata: claimMetadata(shard, backupClaimName(shardPath(shard)), labels, shardPolicy(shard)),
    spec: existing === undefined
      ? claimSpec(backup?.filesystem?.storage, repositoryVolume)
      : standingSpec(existing, backupClaimSize(shard)),
  };
}

function claimMetadata(
  shard: ShardView,
  name: string,
  labels: Record<string, string>,
  policy: PvcDeletionPolicy,
): Applied<PersistentVolumeClaim>["metadata"] {
  const ownerReferences = claimOwners(shard, policy);
  return {
    name,
    namespace: namespaceOf(shard),
    labels,
    ...(ownerReferences.length === 0 ? {} : { ownerReferences }),
  };
}

function claimSpec(storage: StorageSpec | undefined, size: string): ClaimSpec {
  const modes = storage?.accessModes ?? [];
  return {
    accessModes: modes.length === 0 ? ["ReadWriteOnce"] : [...modes],
    resources: { requests: { storage: storage?.size ?? size } },
    ...(storage?.class === undefined ? {} : { storageClassName: storage.class }),
  };
}

/** A class that the server chose is not ours to name: naming it would be a change. */
function standingSpec({ spec, namesClass }: StandingClaim, size: string): ClaimSpec {
  const { accessModes = [], resources, storageClassName } = spec ?? {};
  return {
    accessModes: [...accessModes],
    resources: { requests: { storage: resources?.requests?.["storage"] ?? size } },
    ...(namesClass && storageClassName !== undefined ? { storageClassName } : {}),
  };
}
