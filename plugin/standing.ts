/** What an object says of itself, and whether that can still be taken for true. */
import type { Condition } from "../kube/conditions.ts";
import type { KubeObject } from "../kube/types.ts";
import type { ConditionPicture, Health, Standing, Waiting } from "./picture.ts";

/** The fields that the statuses of our kinds share. */
export interface ToldStatus {
  readonly phase?: string | undefined;
  readonly message?: string | undefined;
  readonly observedGeneration?: number | undefined;
  readonly conditions?: readonly Condition[] | undefined;
}

export interface Told extends KubeObject {
  status?: ToldStatus;
}

/** `Kind/name`. */
export function objectName({ kind, metadata }: KubeObject): string {
  return `${kind}/${metadata.name}`;
}

/** Whether the status answers the spec as it is now. */
export function isCurrent({ metadata, status }: Told): boolean {
  return status?.observedGeneration !== undefined &&
    (metadata.generation === undefined || status.observedGeneration >= metadata.generation);
}

/**
 * | status                     | phase     | message                                |
 * | -------------------------- | --------- | -------------------------------------- |
 * | none                       | Unknown   | the operator has said nothing          |
 * | of an older spec           | Unknown   | what it was, and of which generation   |
 * | of the latest spec         | as it is  | as it is                               |
 */
export function standingOf(object: Told): Standing {
  const { metadata, status } = object;
  if (status?.phase === undefined) {
    return {
      phase: "Unknown",
      message: "no operator has said anything of it yet; does one run, and watch this namespace?",
      current: false,
    };
  }
  if (isCurrent(object)) {
    return { phase: status.phase, message: status.message ?? null, current: true };
  }
  const of = status.observedGeneration ?? "an unknown one";
  return {
    phase: "Unknown",
    message:
      `was ${status.phase} with generation ${of} of the spec, which is at ${metadata.generation} now; ` +
      "the operator has not answered the change yet",
    current: false,
  };
}

/** Conditions whose normal value is False; all others are True when nothing is to be done. */
const FALSE_AT_REST: ReadonlySet<string> = new Set([
  "RollingUpdate",
  "ImageRolloutPending",
  "Progressing",
  "Degraded",
  "ResourceResizeInProgress",
  "ReadyForDeletion",
]);

export function conditionsOf(object: Told): ConditionPicture[] {
  const generation = object.metadata.generation ?? 0;
  return (object.status?.conditions ?? []).map((condition) => ({
    of: objectName(object),
    type: condition.type,
    status: condition.status,
    reason: condition.reason,
    message: condition.message,
    since: condition.lastTransitionTime,
    current: (condition.observedGeneration ?? generation) >= generation,
    atRest: condition.status === (FALSE_AT_REST.has(condition.type) ? "False" : "True"),
  }));
}

const HEALTH = { True: "healthy", False: "unhealthy", Unknown: "unknown" } as const;

/** What a condition on backups means, while the status that it stands in can be taken for true. */
export function healthOf(condition: Pick<Condition, "status"> | undefined, { phase }: Standing): Health {
  return condition === undefined || phase === "Unknown" ? "unknown" : HEALTH[condition.status];
}

/** What is waited for: the objects' own words where they are not well, then conditions that are not at rest. */
export function waitingOf(
  objects: readonly { readonly object: string; readonly standing: Standing }[],
  conditions: readonly ConditionPicture[],
): Waiting[] {
  const phases = objects.flatMap(({ object, standing }): Waiting[] =>
    WELL.has(standing.phase) || standing.message === null
      ? []
      : [{ of: object, reason: standing.phase, message: standing.message, since: null }]
  );
  const told = conditions.filter(({ atRest }) => !atRest).map(({ of, type, reason, message, since }) => ({
    of,
    reason: `${type}: ${reason}`,
    message,
    since,
  }));
  return distinct([...phases, ...told]);
}

/** Phases in which nothing is waited for. */
const WELL: ReadonlySet<string> = new Set([
  "Healthy",
  "Running",
  "Superseded",
  "Ready",
  "Completed",
]);

/** A cause comes up through all levels in the same words, with the names of those below in front: the lowest tells it. */
function distinct(all: readonly Waiting[]): Waiting[] {
  return all.filter((each, at) => {
    const first = all.findIndex((other) => other.of === each.of && other.message === each.message);
    return first === at && !all.some((other) => each.message.endsWith(`: ${other.message}`));
  });
}
