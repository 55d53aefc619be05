/** Who leads a shard, as far as the topology tells. */
import { PoolerLifecycleStatus as Lifecycle, RoutingRole } from "../gen/clustermetadata_pb.ts";
import type { StoredPooler } from "./poolers.ts";
import { compareTerms, type Term } from "./term.ts";

export type { Term };

/**
 * | role          | lifecycle   | says it is primary | term                    |
 * | ------------- | ----------- | ------------------ | ----------------------- |
 * | `stopped`     | SHUTDOWN    |                    |                         |
 * | `quarantined` | QUARANTINED |                    |                         |
 * | `primary`     | others      | yes                | the highest of these    |
 * | `superseded`  | others      | yes                | a lower one             |
 * | `replica`     | others      | no                 |                         |
 */
export type PoolerRole = "primary" | "superseded" | "replica" | "quarantined" | "stopped";

/** The term of a pooler's claim to be primary; undefined when it makes none, or has stopped or been quarantined. */
export function claimedTerm({ record }: StoredPooler): Term | undefined {
  const status = record.lifecycleStatus?.status;
  if (status === Lifecycle.SHUTDOWN || status === Lifecycle.QUARANTINED) return undefined;
  if (record.routingState?.role !== RoutingRole.PRIMARY) return undefined;
  const { coordinatorTerm = 0n, leaderSubterm = 0n } = record.routingState.rule ?? {};
  return { term: coordinatorTerm, subterm: leaderSubterm };
}

/**
 * The primary: of all that say so, the one with the highest term, then subterm. A primary that was killed goes on saying
 * so in its record, with the term that it had, until it is back or marked as stopped. Two claims to one term cannot
 * come from one shard; the smaller key then decides, so that the answer is at least always the same.
 */
export function primaryOf(poolers: readonly StoredPooler[]): StoredPooler | undefined {
  let best: { pooler: StoredPooler; term: Term } | undefined;
  for (const pooler of poolers) {
    const term = claimedTerm(pooler);
    if (term === undefined) continue;
    const order = best === undefined ? 1 : compareTerms(term, best.term);
    if (best === undefined || order > 0 || (order === 0 && pooler.key < best.pooler.key)) {
      best = { pooler, term };
    }
  }
  return best?.pooler;
}

/** The role of each pooler of one shard, in their order. */
export function rolesOf(
  poolers: readonly StoredPooler[],
): { readonly pooler: StoredPooler; readonly role: PoolerRole }[] {
  const primary = primaryOf(poolers);
  return poolers.map((pooler) => ({ pooler, role: pooler === primary ? "primary" : roleBeside(pooler) }));
}

function roleBeside(pooler: StoredPooler): PoolerRole {
  switch (pooler.record.lifecycleStatus?.status) {
    case Lifecycle.SHUTDOWN:
      return "stopped";
    case Lifecycle.QUARANTINED:
      return "quarantined";
    default:
      return claimedTerm(pooler) === undefined ? "replica" : "superseded";
  }
}
