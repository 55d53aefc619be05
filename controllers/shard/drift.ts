/** Whether a pod that runs is still the pod that is wanted, and if not, through whom. */
import {
  adoptOperatorChangesAnnotation,
  postgresConfigHashAnnotation,
  projectRefAnnotation,
  specHashAnnotation,
  userHashAnnotation,
} from "../../api/multigres/annotations.ts";

import { isLike, type Shape } from "./likeness.ts";

type Annotated = { readonly metadata: { readonly annotations?: Readonly<Record<string, string>> } };
type Shaped = Annotated & { readonly spec?: Shape };
type Live = Shaped & { readonly metadata: { readonly deletionTimestamp?: string } };

/**
 * `user`: the user asked for something else since, and the pod is to be replaced. `operator`: only a later version of the
 * operator would make it otherwise, and it is replaced when the user consents, or with the user's next change.
 */
export type Drift = "none" | "user" | "operator";

/**
 * | spec-hash | user-hash of the live pod | drift      | remark                                                    |
 * | --------- | ------------------------- | ---------- | --------------------------------------------------------- |
 * | equal     | any                       | `none`     | another default became a wish, or the other way round     |
 * | differs   | absent, looks alike       | `none`     | made by somebody else: adopted as it is, and stamped      |
 * | differs   | absent, does not          | `user`     | made by somebody else for another wish, see `likeness.ts` |
 * | differs   | equal                     | `operator` |                                                           |
 * | differs   | differs                   | `user`     |                                                           |
 *
 * There is no drift either while the pod is going, and while the settings that it should have are not known.
 */
export function driftOf(live: Live, desired: Shaped): Drift {
  if (live.metadata.deletionTimestamp !== undefined || !isKnown(desired)) return "none";
  const has = live.metadata.annotations ?? {};
  const wants = desired.metadata.annotations ?? {};
  if (has[specHashAnnotation] === wants[specHashAnnotation]) return "none";
  if (has[userHashAnnotation] === undefined) return isLike(live.spec, desired.spec) ? "none" : "user";
  return has[userHashAnnotation] === wants[userHashAnnotation] ? "operator" : "user";
}

/** Whether the user consents to have pods replaced that only the operator would make otherwise. */
export function adoptsOperatorChanges(shard: Annotated): boolean {
  return shard.metadata.annotations?.[adoptOperatorChangesAnnotation] === "true";
}

/**
 * Annotations to set on a pod that stays, so that the user's next change is seen; none when all is as it should be.
 *
 * A pod that somebody else made gets the user's hash, but keeps its own spec-hash: it is not what this operator would make,
 * and says so from then on by the drift `operator`.
 */
export function stampsFor(live: Live, desired: Shaped): Record<string, string> {
  if (live.metadata.deletionTimestamp !== undefined || !isKnown(desired)) return {};
  const keys = driftOf(live, desired) === "none"
    ? [userHashAnnotation, projectRefAnnotation]
    : [projectRefAnnotation];
  return Object.fromEntries(keys.flatMap((key) => {
    const wanted = desired.metadata.annotations?.[key];
    return wanted === undefined || live.metadata.annotations?.[key] === wanted ? [] : [[key, wanted]];
  }));
}

function isKnown(desired: Annotated): boolean {
  return desired.metadata.annotations?.[postgresConfigHashAnnotation] !== undefined;
}
