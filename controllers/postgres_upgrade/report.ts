/** What work inside the databases brings back to the reconcile. */
import type {
  ReplicationProgress,
  VerificationProgress,
} from "../../api/smoketurner/postgres_upgrade/progress.ts";

export type MismatchedTable = NonNullable<VerificationProgress["mismatchedTables"]>[number];

/** How far the new cluster is behind, measured by a position of now that it had to confirm. */
export interface Lag {
  readonly bytes: number;
  /** Whole seconds that confirming took; when it was not confirmed in time, at least so many. */
  readonly seconds: number;
  readonly confirmed: boolean;
  readonly sourceLsn: string;
  readonly targetLsn: string;
}

/** How the way back stands after a cutover. */
export interface WayBack {
  readonly feasible: boolean;
  /** Why not, or how far the source is behind. */
  readonly reason: string;
  readonly lagBytes: number;
}

export type Report =
  /** Before anything is begun: what has to go out of the way first, and what people should know. */
  | {
    readonly kind: "examined";
    readonly obstacles: readonly string[];
    readonly warnings: readonly string[];
    readonly databases: readonly string[];
  }
  | {
    readonly kind: "configured";
    /** What is missing yet; nothing when every database is followed. */
    readonly waiting: readonly string[];
    /** What no waiting helps against. */
    readonly obstacles: readonly string[];
  }
  | {
    readonly kind: "followed";
    /** Tables whose first copy is under way. */
    readonly copying: number;
    readonly errors: number;
    readonly lag: Lag;
  }
  | {
    readonly kind: "verified";
    /** RFC 3339, with milliseconds: tells one check from the next. */
    readonly at: string;
    readonly tables: number;
    readonly mismatches: readonly MismatchedTable[];
    /** Tables and databases that one side does not have, or has otherwise. */
    readonly differences: readonly string[];
    readonly lag: Lag;
  }
  | {
    readonly kind: "sequenced";
    readonly at: string;
    readonly total: number;
    readonly failed: readonly string[];
    /** What was not done, and does not hold up the upgrade. */
    readonly warnings: readonly string[];
  }
  | {
    readonly kind: "cut";
    /** `undone`: the two sides did not agree, and the source takes writes again. */
    readonly outcome: "done" | "waiting" | "undone";
    readonly message: string;
    readonly sequences: number;
    readonly verified?: Extract<Report, { kind: "verified" }>;
  }
  | {
    readonly kind: "looked-after";
    readonly at: string;
    readonly healthy: boolean;
    readonly message: string;
    readonly wayBack: WayBack;
  }
  | {
    readonly kind: "rolled-back";
    /** `refused`: going back would lose data, so nothing was changed, or it was changed back. */
    readonly outcome: "done" | "waiting" | "refused";
    readonly message: string;
  }
  /** Nothing of the upgrade is left in the databases. */
  | { readonly kind: "cleaned" };

/** What `status.replication` says of a lag. @param now RFC 3339 */
export function replicationOf(lag: Lag, now: string): Omit<ReplicationProgress, "status"> {
  return {
    lagBytes: lag.bytes,
    lagSeconds: lag.seconds,
    lastSyncTime: now,
    sourceLsn: lag.sourceLsn,
    targetLsn: lag.targetLsn,
    lsnInSync: lag.confirmed,
  };
}

/** Whether every database is followed. */
export function isConfigured({ waiting, obstacles }: Extract<Report, { kind: "configured" }>): boolean {
  return waiting.length === 0 && obstacles.length === 0;
}
