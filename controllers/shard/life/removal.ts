/** Taking a whole shard down. */
import {
  deletePod,
  doing,
  type LifeAction,
  telling,
  together,
  type Verdict,
  waitFor,
  waiting,
} from "./actions.ts";
import { COMING_UP_SECONDS, LOOK_SECONDS, STUCK_SECONDS, TOPOLOGY_SECONDS } from "./bounds.ts";
import { isStuck } from "./health.ts";
import type { LifeShard, Removal } from "./model.ts";
import { stuckFinding } from "./pods.ts";
import { policyOf, primaryOf } from "./view.ts";

/** `done`: nothing of ours is left to do, so the object may go. */
export interface RemovalVerdict extends Verdict {
  readonly done: boolean;
}

/**
 * In this order, each step only when those before it are through:
 *
 * | step                       | `prepare`                       | `delete`                          | through when                     |
 * | -------------------------- | ------------------------------- | --------------------------------- | -------------------------------- |
 * | orchestrators stopped      | yes                             | yes                               | gone, or ending for a minute     |
 * | standbys deleted           | all at once                     | all at once                       | gone, or stuck (1)               |
 * | who leads, or said so last, deleted | yes                             | yes                               | gone, or stuck (1)               |
 * | records marked as stopped  | yes; after 5 minutes without    | only when the topology is there   | marked                           |
 * |                            | topology it goes on, and tells  |                                   |                                  |
 * | claims                     | left as they are                | whenDeleted Delete: deleted,      | none is left to delete or let go |
 * |                            |                                 | marked ones too; Retain: let go   |                                  |
 *
 * Orchestrators go first, so that nobody is elected meanwhile; the primary goes last, so that the standbys have
 * everything. Nothing is made in the course of it, whatever is missing.
 *
 * (1) Ending for a minute longer than its grace. It is told; its volume cannot be released before its node says so.
 */
export function removeShard(shard: LifeShard, removal: Removal): RemovalVerdict {
  const stuck = telling(...shard.pods.filter(isStuck).map(stuckFinding));
  const step = stopOrchestrators(shard) ?? deletePods(shard) ?? markPoolers(shard, removal);
  if (step !== undefined) return { ...together(stuck, step), done: false };
  const unmarked = removal.kind === "prepare" && shard.topology.kind === "unreachable";
  const told = unmarked ? together(stuck, telling(notMarked())) : stuck;
  const claims = removal.kind === "delete" ? releaseClaims(shard) : [];
  return { ...together(told, doing(...claims)), done: claims.length === 0 };
}

function stopOrchestrators({ orchestrators }: LifeShard): Verdict | undefined {
  const message = "The orchestrators end before the instances, so that none is elected";
  switch (orchestrators.kind) {
    case "gone":
      return undefined;
    case "present":
      return together(
        doing({ kind: "stopOrchestrators" }),
        waiting(waitFor("OrchestratorsEnding", message, LOOK_SECONDS)),
      );
    case "ending":
      return orchestrators.sinceSeconds >= STUCK_SECONDS
        ? undefined
        : waiting(waitFor("OrchestratorsEnding", message, LOOK_SECONDS));
  }
}

function deletePods({ pods }: LifeShard): Verdict | undefined {
  const present = pods.filter((pod) => !isStuck(pod));
  if (present.length === 0) return undefined;
  const primary = primaryOf(pods);
  const leader = primary.kind === "seen" ? primary.pod : primary.claimant;
  const standbys = present.filter((pod) => pod !== leader);
  const turn = standbys.length > 0 ? standbys : present;
  const deleted = turn.filter(({ state }) => state.kind !== "terminating")
    .map((pod) => deletePod(pod, "removal"));
  const message = `${present.length} pods are still there`;
  return together(doing(...deleted), waiting(waitFor("PodsEnding", message, COMING_UP_SECONDS)));
}

function markPoolers({ strays, topology }: LifeShard, { kind, sinceSeconds }: Removal): Verdict | undefined {
  if (topology.kind === "unreachable") {
    if (kind === "delete" || sinceSeconds >= TOPOLOGY_SECONDS) return undefined;
    const message = `The topology cannot be read: ${topology.why}`;
    return waiting(waitFor("TopologyUnreachable", message, COMING_UP_SECONDS));
  }
  if (strays.length === 0) return undefined;
  const marks = strays.map(({ id }): LifeAction => ({ kind: "markShutdown", pooler: id }));
  return together(
    doing(...marks),
    waiting(waitFor("PoolersMarked", "The poolers are marked as stopped", LOOK_SECONDS)),
  );
}

function notMarked() {
  const message =
    "Cannot mark the poolers of the shard as stopped as the topology cannot be read; it goes on without.";
  return { reason: "TopologyNotMarked", subject: "", message } as const;
}

function releaseClaims(shard: LifeShard): LifeAction[] {
  return shard.claims.filter(({ terminating }) => !terminating).flatMap((claim): LifeAction[] => {
    if (policyOf(shard, claim).whenDeleted === "Delete") {
      return [{ kind: "deleteClaim", claim: claim.name, reason: "removal" }];
    }
    return claim.owned ? [{ kind: "clearOwner", claim: claim.name }] : [];
  });
}
