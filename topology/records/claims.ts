/**
 * Claims to bootstrap a shard. The first orchestrator that wants to writes one, and only the same one, by its ID, may go
 * on from there. Nobody in the data plane ever removes a claim, so one whose writer does not come back keeps its shard
 * from ever getting a primary, and so does one that outlives its shard when a shard of the same name is made later.
 */
import { ID_ComponentType, type ShardInitClaim, ShardInitClaimSchema } from "../gen/clustermetadata_pb.ts";
import { claimKey, type ShardKeyPath } from "../keys.ts";
import type { CallOptions, TopologyStore } from "../store.ts";
import { claimedTerm } from "./roles.ts";
import type { StoredPooler } from "./poolers.ts";
import { type RecordStep, untilSettled } from "./step.ts";
import { decode, type Stored } from "./stored.ts";

export type StoredClaim = Stored<ShardInitClaim>;

/** An orchestrator as claims name it. */
export interface Orchestrator {
  readonly cell: string;
  readonly serviceId: string;
}

/** @param root of the global topology. @throws TopologyError */
export async function readClaim(
  store: TopologyStore,
  root: string,
  shard: ShardKeyPath,
  options?: CallOptions,
): Promise<StoredClaim | undefined> {
  const entry = await store.get(claimKey(root, shard), options);
  return entry === undefined ? undefined : decode(ShardInitClaimSchema, entry);
}

/**
 * Whether a claim keeps its shard from getting a primary: nobody leads the shard, and none of the orchestrators that it
 * has, or will have when all of them run, wrote the claim.
 * @param poolers of all cells of the shard: with some of them unknown, nobody can say
 */
export function isStranded(
  claim: StoredClaim,
  poolers: readonly StoredPooler[],
  orchestrators: readonly Orchestrator[],
): boolean {
  const claimer = claim.record.claimerId;
  const known = claimer?.component === ID_ComponentType.MULTIORCH && orchestrators.some(
    ({ cell, serviceId }) => claimer.cell === cell && claimer.name === serviceId,
  );
  return !known && poolers.every((pooler) => claimedTerm(pooler) === undefined);
}

/** The step that removes a claim, unless it changed since it was read. */
export function removalOf({ key, revision }: StoredClaim): RecordStep {
  return { record: "ShardInitClaim", name: key, write: { kind: "delete", key, revision } };
}

/**
 * Removes the claim of a shard that is gone, whatever it says.
 * @param root of the global topology
 * @returns whether there was one
 * @throws TopologyError
 */
export async function releaseClaim(
  store: TopologyStore,
  root: string,
  shard: ShardKeyPath,
  options?: CallOptions,
): Promise<boolean> {
  const key = claimKey(root, shard);
  const done = await untilSettled(store, async (): Promise<RecordStep[]> => {
    const entry = await store.get(key, options);
    if (entry === undefined) return [];
    return [{
      record: "ShardInitClaim",
      name: key,
      write: { kind: "delete", key, revision: entry.revision },
    }];
  }, options);
  return done.length > 0;
}
