/**
 * The life of a cluster as a state machine. The table is all there is: what is not in it cannot happen. One look at the
 * world makes one transition at most, so each phase is really seen.
 */
import type { PostgresClusterPhase } from "../../api/smoketurner/postgres_cluster/status.ts";

export type Phase = PostgresClusterPhase;

export type PhaseEvent =
  | "ResourcesApplied"
  | "AllReplicasReady"
  | "ReplicasDegraded"
  | "SpecChanged"
  | "ReplicaCountChanged"
  | "ReconcileError"
  | "DeletionRequested"
  | "RecoveryInitiated"
  | "RecoveryCompleted"
  | "FullyRecovered"
  | "Replaced";

/** What decides about the phase, as it was observed. */
export interface Facts {
  readonly deleting: boolean;
  /** Another cluster has taken this one's place. */
  readonly superseded: boolean;
  /** Something keeps the cluster from being what is asked for, and waiting does not help. */
  readonly failed: boolean;
  /** The members' StatefulSet is there. */
  readonly applied: boolean;
  /** Members that are ready, and members that there should be. */
  readonly ready: number;
  readonly desired: number;
  /** Members speak against it that the cluster is well; see `evidence.ts`. */
  readonly contradicted: boolean;
  /** Another number of members is wanted than before. */
  readonly countChanged: boolean;
  /** There are more members than wanted. */
  readonly surplus: boolean;
  /** Some member does not yet run with what is asked for, and is being seen to. */
  readonly rolling: boolean;
  /** The spec has changed since the last status. */
  readonly specChanged: boolean;
  /** A member does not come up by itself. */
  readonly stuck: boolean;
}

export interface Transition {
  readonly from: Phase;
  readonly event: PhaseEvent;
  readonly to: Phase;
  /** What it means, for people. */
  readonly sentence: string;
}

/** Every member that is wanted is ready, and none contradicts. */
export function isWell({ ready, desired, contradicted }: Facts): boolean {
  return ready >= desired && !contradicted;
}

type Guard = (facts: Facts) => boolean;

/** What must hold for an event to count, whatever the phase. */
const GUARDS: Readonly<Partial<Record<PhaseEvent, Guard>>> = {
  AllReplicasReady: isWell,
  FullyRecovered: isWell,
  RecoveryCompleted: isWell,
  ReplicasDegraded: (facts) => !isWell(facts),
  ReconcileError: ({ failed }) => failed,
  DeletionRequested: ({ deleting }) => deleting,
  Replaced: ({ superseded }) => superseded,
};

const WELL = "All members are ready";
const FAILED = "The cluster cannot be brought to what is asked for";
const DELETED = "The cluster is being deleted";
const REPLACED = "Another cluster has taken this one's place";

function row(from: Phase, event: PhaseEvent, to: Phase, sentence: string): Transition {
  return { from, event, to, sentence };
}

/** From these phases a cluster can fail, be deleted, or be replaced. */
const ALIVE: readonly Phase[] = [
  "Pending",
  "Creating",
  "Running",
  "Updating",
  "Scaling",
  "Degraded",
  "Recovering",
];

export const TRANSITIONS: readonly Transition[] = [
  row("Pending", "ResourcesApplied", "Creating", "The objects are made and the first members start"),
  row("Creating", "AllReplicasReady", "Running", WELL),
  row("Creating", "ReplicasDegraded", "Degraded", "A member does not come up while the others are made"),
  row("Running", "SpecChanged", "Updating", "Members are changed to what is asked for now"),
  row("Running", "ReplicaCountChanged", "Scaling", "Another number of members is wanted"),
  row("Running", "ReplicasDegraded", "Degraded", "A member is missing, or the members do not form a cluster"),
  row("Updating", "AllReplicasReady", "Running", "All members run with what is asked for"),
  row("Updating", "ReplicasDegraded", "Degraded", "A member does not come up with what is asked for"),
  row("Scaling", "AllReplicasReady", "Running", "The number of members is what is wanted"),
  row("Scaling", "ReplicasDegraded", "Degraded", "A member does not come up while their number changes"),
  row("Degraded", "FullyRecovered", "Running", "All members are ready again"),
  row("Degraded", "SpecChanged", "Updating", "A change is asked for that may be the cure"),
  row("Degraded", "ReplicaCountChanged", "Scaling", "Another number of members is wanted meanwhile"),
  row("Recovering", "RecoveryCompleted", "Running", "What had failed is overcome"),
  row("Recovering", "ReplicasDegraded", "Degraded", "A member does not come up after what had failed"),
  row("Failed", "RecoveryInitiated", "Recovering", "What had failed does not any more"),
  ...ALIVE.map((from) => row(from, "ReconcileError", "Failed", FAILED)),
  ...[...ALIVE, "Failed" as const].map((from) => row(from, "Replaced", "Superseded", REPLACED)),
  ...[...ALIVE, "Failed" as const, "Superseded" as const].map((from) =>
    row(from, "DeletionRequested", "Deleting", DELETED)
  ),
];

/** The transition that an event makes from a phase; undefined when the table has none, or its guard says no. */
export function transitionOf(from: Phase, event: PhaseEvent, facts: Facts): Transition | undefined {
  const found = TRANSITIONS.find((each) => each.from === from && each.event === event);
  const guard = GUARDS[event];
  return found === undefined || (guard !== undefined && !guard(facts)) ? undefined : found;
}

/** What happened, as far as the phase is concerned; undefined when all is as it was. */
export function eventOf(phase: Phase, facts: Facts): PhaseEvent | undefined {
  if (facts.deleting) return "DeletionRequested";
  if (facts.superseded) return "Replaced";
  if (facts.failed) return "ReconcileError";
  return EVENTS[phase](facts);
}

/** Which event the facts are in each phase, when nothing graver has happened. */
const EVENTS: Readonly<Record<Phase, (facts: Facts) => PhaseEvent | undefined>> = {
  Pending: ({ applied }) => applied ? "ResourcesApplied" : undefined,
  Creating: (facts) => {
    if (isWell(facts) && !facts.surplus) return "AllReplicasReady";
    return facts.stuck && facts.ready > 0 ? "ReplicasDegraded" : undefined;
  },
  Running: (facts) => {
    if (facts.countChanged || facts.surplus) return "ReplicaCountChanged";
    if (facts.rolling) return "SpecChanged";
    return isWell(facts) ? undefined : "ReplicasDegraded";
  },
  Updating: (facts) => whileChanging(facts, facts.rolling),
  Scaling: (facts) => whileChanging(facts, facts.countChanged || facts.surplus),
  Degraded: (facts) => {
    if (facts.countChanged) return "ReplicaCountChanged";
    if (facts.specChanged && facts.rolling) return "SpecChanged";
    return isWell(facts) ? "FullyRecovered" : undefined;
  },
  Recovering: (facts) => {
    if (isWell(facts)) return "RecoveryCompleted";
    return facts.stuck ? "ReplicasDegraded" : undefined;
  },
  Failed: () => "RecoveryInitiated",
  Superseded: () => undefined,
  Deleting: () => undefined,
};

function whileChanging(facts: Facts, unfinished: boolean): PhaseEvent | undefined {
  if (isWell(facts)) return unfinished ? undefined : "AllReplicasReady";
  return facts.stuck ? "ReplicasDegraded" : undefined;
}

/** The one transition that the facts make now; undefined when the phase stays. */
export function nextTransition(phase: Phase, facts: Facts): Transition | undefined {
  const event = eventOf(phase, facts);
  return event === undefined ? undefined : transitionOf(phase, event, facts);
}
