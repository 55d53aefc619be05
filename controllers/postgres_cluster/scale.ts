/** How many members a cluster has. */
import type { StatefulSet } from "../../kube/kinds.ts";
import type { Frozen } from "../../kube/types.ts";
import { candidateFor, type Change, type ChangeInput } from "./change.ts";
import { primaryOf } from "./members.ts";

export interface Scaling {
  /** Members that the StatefulSet is told to have now. */
  readonly replicas: number;
  /** What must happen before it is told to have fewer. */
  readonly before: Change;
}

/**
 * Members leave from the highest number down. When the primary is among those that go, another one takes over first, so
 * that nobody waits for Patroni to notice.
 */
export function scaling(input: ChangeInput, existing: Frozen<StatefulSet> | undefined): Scaling {
  const { desired } = input;
  const standing = existing?.spec?.replicas ?? desired;
  const primary = primaryOf(input.members);
  if (standing <= desired || primary === undefined || primary.ordinal < desired) {
    return { replicas: desired, before: { kind: "none" } };
  }
  const candidate = candidateFor(primary, input);
  if (candidate === undefined) return { replicas: desired, before: { kind: "none" } };
  const why = "it is one of the members that go";
  return { replicas: standing, before: { kind: "hand-over", leader: primary, candidate, why } };
}
