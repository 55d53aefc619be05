/** How many members a cluster has. */
import type { StatefulSet } from "../../kube/kinds.ts";
import type { Frozen } from "../../kube/types.ts";
import { candidateFor, type Change, type ChangeInput, isLeaderClear, takingOver } from "./change.ts";
import { awaitedWord } from "./evidence.ts";
import { type Member, primaryOf } from "./members.ts";

export interface Scaling {
  /** Members that the StatefulSet is told to have now. */
  readonly replicas: number;
  /** What must happen before it is told to have fewer. */
  readonly before: Change;
}

/**
 * Members leave from the highest number down. When the primary is among those that go, another one takes over first, so
 * that nobody waits for Patroni to notice. Where replication is synchronous, and those who may take over go as well:
 *
 * | the one who may take over is | what happens first                                                          |
 * | ---------------------------- | --------------------------------------------------------------------------- |
 * | below the primary            | it takes over, and hands over again to a member that stays                  |
 * | above the primary            | those above go; Patroni then makes another member synchronous               |
 *
 * Both gone at once would leave members that Patroni lets nobody of take over. Nobody goes while two members that are ready
 * are labelled as primary, or none: one of them is about to lead, and nobody should be asked twice.
 */
export function scaling(input: ChangeInput, existing: Frozen<StatefulSet> | undefined): Scaling {
  const { desired } = input;
  const standing = existing?.spec?.replicas ?? desired;
  const primary = primaryOf(input.members);
  const ready = input.members.filter(({ ready }) => ready);
  if (standing > desired && !isLeaderClear(ready)) return { replicas: standing, before: takingOver(ready) };
  if (standing <= desired || primary === undefined || primary.ordinal < desired) {
    return { replicas: desired, before: { kind: "none" } };
  }
  return handingOver(primary, standing, input);
}

/** A primary that is to go: `standing` members stay until another one has taken over. */
function handingOver(primary: Member, standing: number, input: ChangeInput): Scaling {
  const { desired } = input;
  const awaited = awaitedWord(input.evidence);
  if (awaited !== undefined) return { replicas: standing, before: { kind: "moment", message: awaited } };
  const candidate = candidateFor(primary, input) ??
    candidateFor(primary, { ...input, desired: primary.ordinal });
  if (candidate === undefined) {
    const above = candidateFor(primary, { ...input, desired: standing });
    return { replicas: above === undefined ? desired : primary.ordinal + 1, before: { kind: "none" } };
  }
  const why = "it is one of the members that go";
  return { replicas: standing, before: { kind: "hand-over", leader: primary, candidate, why } };
}
