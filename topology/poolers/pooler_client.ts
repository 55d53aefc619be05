/**
 * The seam between the operator and the poolers: all that it asks of them goes through a {@link PoolerClient}. Tests wrap
 * one to count, delay, or fail. Each call has a time limit; those that take long must be given one that fits.
 */
import type { Fence } from "../../kube/fence.ts";
import type { CallOptions } from "../store.ts";
import type { PoolerAddress } from "./address.ts";
import type { BackupEntry, PoolerStatus, ReloadVerdict } from "./answers.ts";
import { PoolerError } from "./errors.ts";

/** Time limits of calls that name none, in milliseconds. */
export const limitsMs = {
  /** A pooler asks PostgreSQL itself with limits of 2 s. */
  status: 5_000,
  /** Behind it stands a look into the repository, which may be an object store; a running backup holds it up. */
  backups: 15_000,
  reload: 15_000,
  /** Waits for sessions to drain, then for PostgreSQL to stop and start. */
  resign: 60_000,
  /** A full backup of a large database. */
  backUp: 4 * 3_600_000,
} as const;

export interface BackupOrder {
  readonly type: "full" | "differential" | "incremental";
  /** By which it is found again with {@link PoolerClient.backupOfJob} when the answer was lost. Unique in its shard. */
  readonly jobId: string;
  /** A primary takes one only when told so. */
  readonly evenFromPrimary?: boolean;
}

/** All methods throw {@link PoolerError}. */
export interface PoolerClient {
  status(pooler: PoolerAddress, options?: CallOptions): Promise<PoolerStatus>;
  /** Newest backups of the shard's repository, whichever pooler of the shard is asked. @param most 1 at least */
  backups(pooler: PoolerAddress, most: number, options?: CallOptions): Promise<BackupEntry[]>;
  /** The backup that was ordered under an ID; undefined when there is none (yet). */
  backupOfJob(pooler: PoolerAddress, jobId: string, options?: CallOptions): Promise<BackupEntry | undefined>;
  /**
   * Lets PostgreSQL read its settings again, and proves that it did.
   * @param settings what the file must say, value for value as it is written there
   */
  reloadConfig(
    pooler: PoolerAddress,
    settings: Readonly<Record<string, string>>,
    options?: CallOptions,
  ): Promise<ReloadVerdict>;
  /** Takes a backup and waits for its end. One that another pooler of the shard is taking is ended. @returns its ID */
  backUp(pooler: PoolerAddress, order: BackupOrder, options?: CallOptions): Promise<string>;
  /**
   * Planned switch of the primary: it stops taking writes and asks for an election, which other standbys of its cohort
   * must be ready for. Returns before there is a new primary.
   * @returns up to where its log was flushed, in bytes; undefined when it does not say
   */
  resignLeadership(pooler: PoolerAddress, options?: CallOptions): Promise<bigint | undefined>;
  /** Frees connections. Calls under way end as `aborted`. May be called more than once. */
  close(): void;
}

/** A client that asks freely and changes something only while `fence` allows it. Closing it does nothing to `inner`. */
export function fencedPoolerClient(inner: PoolerClient, fence: Fence): PoolerClient {
  const check = (what: string, { name }: PoolerAddress) => {
    const refusal = fence.refusal();
    if (refusal === undefined) return;
    throw new PoolerError("fenced", `Cannot ${what} the pooler of ${name} as ${refusal}`);
  };
  return {
    status: (pooler, options) => inner.status(pooler, options),
    backups: (pooler, most, options) => inner.backups(pooler, most, options),
    backupOfJob: (pooler, jobId, options) => inner.backupOfJob(pooler, jobId, options),
    async reloadConfig(pooler, settings, options) {
      check("reload the settings of", pooler);
      return await inner.reloadConfig(pooler, settings, options);
    },
    async backUp(pooler, order, options) {
      check("take a backup through", pooler);
      return await inner.backUp(pooler, order, options);
    },
    async resignLeadership(pooler, options) {
      check("switch the lead away from", pooler);
      return await inner.resignLeadership(pooler, options);
    },
    close: () => {},
  };
}
