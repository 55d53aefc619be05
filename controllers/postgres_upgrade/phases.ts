/**
 * The phases of an upgrade as a table: from where, on what, to where, and what must hold. The table is all there is: what
 * is not in it cannot happen. One look makes one transition at most, so each phase is really seen, and whatever a row
 * demands was measured in the phase that it leads out of.
 */
import type { PostgresUpgradePhase } from "../../api/smoketurner/postgres_upgrade/status.ts";

export type Phase = PostgresUpgradePhase;

export type UpgradeEvent =
  | "ValidationPassed"
  | "TargetClusterReady"
  | "ReplicationConfigured"
  | "ReplicationCaughtUp"
  | "VerificationPassed"
  | "VerificationFailed"
  | "SequencesSynced"
  | "PreChecksPassed"
  | "AutoCutoverConditionsMet"
  | "ManualCutoverTriggered"
  | "ServicesSwitched"
  | "HealthCheckPassed"
  | "CutoverFound"
  | "ErrorOccurred"
  | "TimeoutOccurred"
  | "RollbackRequested"
  | "RollbackCompleted";

/** What decides about the phase, as it was observed. */
export interface Facts {
  /** Something that no waiting helps against. */
  readonly hopeless: boolean;
  /** The time that the spec gives the phase is over. */
  readonly late: boolean;
  /** The source already bears the mark that this upgrade has begun to replace it. */
  readonly superseded: boolean;
  /** The source runs, and nothing in its databases stands in the way. */
  readonly sourceFit: boolean;
  readonly targetRunning: boolean;
  /** Definitions are copied, and every database is followed. */
  readonly followed: boolean;
  /** Every first copy is complete, and the lag is within bounds. */
  readonly caughtUp: boolean;
  /** Comparisons in a row, the latest among them, that found nothing. */
  readonly cleanChecks: number;
  readonly neededChecks: number;
  /** The latest comparison found something. */
  readonly mismatch: boolean;
  readonly sequencesSet: boolean;
  readonly automatic: boolean;
  /** The cutover was asked for by annotation. */
  readonly cutoverAsked: boolean;
  /** The latest comparison of this phase is clean, and the lag was within bounds. */
  readonly cutoverSafe: boolean;
  /** The time of day is one at which an automatic cutover may start. */
  readonly windowOpen: boolean;
  /** The source's newest backup is as new as is asked for. */
  readonly backupFresh: boolean;
  /** Both sides were compared behind the fence, the new cluster is open, and clients are led to it. */
  readonly switched: boolean;
  /** The new cluster was found well for as long as is asked for. */
  readonly healthy: boolean;
  /** A rollback is under way: nothing goes forward any more. */
  readonly rollingBack: boolean;
  /** The rollback is done, in the databases and for clients. */
  readonly rolledBack: boolean;
}

export interface Transition {
  readonly from: Phase;
  readonly event: UpgradeEvent;
  readonly to: Phase;
  readonly holds: (facts: Facts) => boolean;
  /** What it takes, and what it means, for people. */
  readonly sentence: string;
}

/** Nothing is asked back, and nothing is hopeless: only then an upgrade goes forward. */
function forward(holds: (facts: Facts) => boolean): (facts: Facts) => boolean {
  return (facts) => !facts.rollingBack && !facts.hopeless && holds(facts);
}

function row(
  from: Phase,
  event: UpgradeEvent,
  to: Phase,
  more: Pick<Transition, "holds" | "sentence">,
): Transition {
  return { from, event, to, ...more };
}

/** Nobody was led away from the source in these phases. */
export const BEFORE_CUTOVER: readonly Phase[] = [
  "CreatingTarget",
  "ConfiguringReplication",
  "Replicating",
  "Verifying",
  "SyncingSequences",
  "ReadyForCutover",
  "WaitingForManualCutover",
];

/** Phases with a limit in time. The two that wait for a person or a window have none, and neither has the cutover. */
const BOUNDED: readonly Phase[] = [
  "CreatingTarget",
  "ConfiguringReplication",
  "Replicating",
  "Verifying",
  "SyncingSequences",
  "HealthChecking",
];

/** Phases that an upgrade does not leave by itself. */
export const FINAL: readonly Phase[] = ["Completed", "Failed", "RolledBack"];

const BACK =
  "The source takes writes, clients are led to it, and nothing of the upgrade is left in the databases";

const rollbacks: readonly Transition[] = [
  ...BEFORE_CUTOVER.map((from) =>
    row(from, "RollbackRequested", "RolledBack", { holds: ({ rolledBack }) => rolledBack, sentence: BACK })
  ),
  ...(["CuttingOver", "HealthChecking", "Completed", "Failed"] as const).map((from) =>
    row(from, "RollbackCompleted", "RolledBack", { holds: ({ rolledBack }) => rolledBack, sentence: BACK })
  ),
];

const failures: readonly Transition[] = [
  ...(["Pending", ...BEFORE_CUTOVER, "CuttingOver"] as const).map((from) =>
    row(from, "ErrorOccurred", "Failed", {
      holds: ({ hopeless, rollingBack }) => hopeless && !rollingBack,
      sentence: "Something stands in the way that no waiting helps against",
    })
  ),
  ...BOUNDED.map((from) =>
    row(from, "TimeoutOccurred", "Failed", {
      holds: ({ late, rollingBack }) => late && !rollingBack,
      sentence: "The time that the spec gives this phase is over",
    })
  ),
];

const steps: readonly Transition[] = [
  row("Pending", "CutoverFound", "CuttingOver", {
    holds: forward(({ superseded }) => superseded),
    sentence: "The source bears the mark of a cutover that this upgrade had begun",
  }),
  row("Pending", "ValidationPassed", "CreatingTarget", {
    holds: forward(({ sourceFit, superseded }) => sourceFit && !superseded),
    sentence: "The source runs, and everything in it can be brought over",
  }),
  row("CreatingTarget", "TargetClusterReady", "ConfiguringReplication", {
    holds: forward(({ targetRunning }) => targetRunning),
    sentence: "The new cluster runs",
  }),
  row("ConfiguringReplication", "ReplicationConfigured", "Replicating", {
    holds: forward(({ followed }) => followed),
    sentence: "Definitions are copied, and the new cluster follows every database of the source",
  }),
  row("Replicating", "ReplicationCaughtUp", "Verifying", {
    holds: forward(({ caughtUp }) => caughtUp),
    sentence: "Every row was copied, and the new cluster keeps up with the source",
  }),
  row("Verifying", "VerificationPassed", "SyncingSequences", {
    holds: forward(({ cleanChecks, neededChecks, mismatch }) => cleanChecks >= neededChecks && !mismatch),
    sentence: "The two sides were compared as often as is asked for, and agreed each time",
  }),
  row("SyncingSequences", "SequencesSynced", "ReadyForCutover", {
    holds: forward(({ sequencesSet }) => sequencesSet),
    sentence: "Every sequence could be set; they are set once more behind the fence",
  }),
  row("ReadyForCutover", "VerificationFailed", "Verifying", {
    holds: forward(({ mismatch }) => mismatch),
    sentence: "The two sides do not agree any more",
  }),
  row("ReadyForCutover", "PreChecksPassed", "WaitingForManualCutover", {
    holds: forward(({ automatic }) => !automatic),
    sentence: "Everything is ready; the cutover annotation starts it",
  }),
  row("ReadyForCutover", "AutoCutoverConditionsMet", "CuttingOver", {
    holds: forward((facts) => facts.automatic && facts.windowOpen && facts.backupFresh && isSafe(facts)),
    sentence: "The window is open, the backup is new, and the two sides agree",
  }),
  row("WaitingForManualCutover", "VerificationFailed", "Verifying", {
    holds: forward(({ mismatch }) => mismatch),
    sentence: "The two sides do not agree any more",
  }),
  row("WaitingForManualCutover", "ManualCutoverTriggered", "CuttingOver", {
    holds: forward((facts) => facts.cutoverAsked && isSafe(facts)),
    sentence: "The cutover was asked for, and the two sides agree",
  }),
  row("CuttingOver", "ServicesSwitched", "HealthChecking", {
    holds: forward(({ switched }) => switched),
    sentence: "Both sides were the same behind the fence, and clients are led to the new cluster",
  }),
  row("HealthChecking", "HealthCheckPassed", "Completed", {
    holds: forward(({ healthy }) => healthy),
    sentence: "The new cluster was well for as long as is asked for",
  }),
];

function isSafe({ cutoverSafe, mismatch }: Facts): boolean {
  return cutoverSafe && !mismatch;
}

/** In the order in which they count: the way back before failures, failures before steps forward. */
export const TRANSITIONS: readonly Transition[] = [...rollbacks, ...failures, ...steps];

/** The one transition that the facts make now; undefined when the phase stays. */
export function nextTransition(phase: Phase, facts: Facts): Transition | undefined {
  return TRANSITIONS.find((each) => each.from === phase && each.holds(facts));
}
