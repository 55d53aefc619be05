/** What poolers answer. Positions in the write-ahead log are bytes. */
import type { QuorumType } from "../gen/clustermetadata_pb.ts";
import type { Term } from "../records/roles.ts";

/** As rules name an instance. */
export interface PoolerId {
  readonly cell: string;
  /** The service ID. */
  readonly name: string;
}

export type PostgresState = "unknown" | "starting" | "standby" | "promoting" | "primary";

/** What PostgreSQL is being put through. */
export type PostgresAction = "none" | "starting" | "restoring" | "first_backup";

/** The state of one instance, as its own pooler sees it. It is answered even when PostgreSQL is down. */
export interface PoolerStatus {
  readonly postgres: PostgresState;
  /** Whether PostgreSQL runs, and whether it accepts connections. */
  readonly running: boolean;
  readonly ready: boolean;
  readonly action: PostgresAction;
  /** How long that has been going on, in seconds. */
  readonly actionSeconds: number;
  readonly hasData: boolean;
  /** Whether the instance has been set up as one of its shard. */
  readonly initialized: boolean;
  /** Only while it is primary, and only while it is standby. */
  readonly asPrimary?: PrimaryState;
  readonly asStandby?: StandbyState;
  /** The rule in force, as far as this instance has heard. */
  readonly rule?: LeadershipRule;
  /** It leads and wants another one to. */
  readonly resigning: boolean;
  /** Whether it may take part in elections; undefined when it does not say. */
  readonly eligible?: boolean;
  /** Its data may have taken another way than the primary's. */
  readonly diverged: boolean;
}

export interface PrimaryState {
  readonly position?: bigint;
  readonly ready: boolean;
  readonly followers: readonly PoolerId[];
  /** How many of which standbys confirm each commit; absent when none does. */
  readonly synchronous?: { readonly count: number; readonly standbys: readonly PoolerId[] };
}

export interface StandbyState {
  readonly received?: bigint;
  readonly replayed?: bigint;
  readonly replayPaused: boolean;
  /** As PostgreSQL calls it: `streaming` when all is well, empty without a connection. */
  readonly receiver: string;
  readonly lastMessageAt?: Date;
  /** Whom it follows. */
  readonly source?: { readonly host: string; readonly port: number };
}

/** Who leads the shard, and how many must confirm. */
export interface LeadershipRule extends Term {
  readonly leader?: PoolerId;
  readonly cohort: readonly PoolerId[];
  readonly durability?: { readonly type: QuorumType; readonly count: number };
}

export type BackupState = "unknown" | "incomplete" | "complete";

export interface BackupEntry {
  readonly id: string;
  readonly state: BackupState;
  /** `full`, `diff` or `incr`. */
  readonly type: string;
  /** When it began and ended. The ID of a diff or incr begins with the time of its full one: not to be used for age. */
  readonly startedAt?: Date;
  readonly stoppedAt?: Date;
  /** Bytes. */
  readonly size: bigint;
  /** Empty when it was not ordered under an ID. */
  readonly jobId: string;
  /** Pooler that took it. */
  readonly takenBy: string;
  readonly postgresVersion: string;
}

/** What came of reading the settings again. */
export type ReloadVerdict =
  | { readonly kind: "applied"; readonly at: Date }
  /** The file does not say yet what it should: the kubelet has still to bring it. */
  | { readonly kind: "not_yet"; readonly settings: readonly string[] }
  | { readonly kind: "restart_needed"; readonly settings: readonly string[]; readonly reason: string };
