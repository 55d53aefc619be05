/** The client of poolers over their own gRPC API. */
import type { CallOptions } from "../store.ts";
import type { PoolerAddress } from "./address.ts";
import type { BackupEntry, PoolerStatus, ReloadVerdict } from "./answers.ts";
import { type ConnectionsOptions, PoolerConnections } from "./connections.ts";
import { backupOf, statusOf, verdictOf } from "./decode.ts";
import { PoolerError } from "./errors.ts";
import { parseLsn } from "./lsn.ts";
import { type BackupOrder, limitsMs, type PoolerClient } from "./pooler_client.ts";

export class GrpcPoolerClient implements PoolerClient {
  readonly #connections: PoolerConnections;

  constructor(options: ConnectionsOptions) {
    this.#connections = new PoolerConnections(options);
  }

  /** Poolers that are connected. */
  get size(): number {
    return this.#connections.size;
  }

  async status(pooler: PoolerAddress, options?: CallOptions): Promise<PoolerStatus> {
    const answer = await this.#connections.call(pooler, {
      what: "read the status of",
      timeoutMs: limitsMs.status,
      send: (client, limits) => client.status({}, limits),
    }, options);
    const status = statusOf(answer);
    if (status !== undefined) return status;
    throw new PoolerError("broken", `Cannot read the status of the pooler of ${pooler.name} as it is empty`);
  }

  async backups(pooler: PoolerAddress, most: number, options?: CallOptions): Promise<BackupEntry[]> {
    const { backups } = await this.#connections.call(pooler, {
      what: "list backups through",
      timeoutMs: limitsMs.backups,
      send: (client, limits) => client.getBackups({ limit: most }, limits),
    }, options);
    return backups.map(backupOf);
  }

  async backupOfJob(
    pooler: PoolerAddress,
    jobId: string,
    options?: CallOptions,
  ): Promise<BackupEntry | undefined> {
    const { backup } = await this.#connections.call(pooler, {
      what: `look for backup ${jobId} through`,
      timeoutMs: limitsMs.backups,
      send: (client, limits) => client.getBackupByJobId({ jobId }, limits),
    }, options);
    return backup === undefined ? undefined : backupOf(backup);
  }

  async reloadConfig(
    pooler: PoolerAddress,
    settings: Readonly<Record<string, string>>,
    options?: CallOptions,
  ): Promise<ReloadVerdict> {
    const answer = await this.#connections.call(pooler, {
      what: "reload the settings of",
      timeoutMs: limitsMs.reload,
      send: (client, limits) => client.reloadConfig({ expectedSettings: { ...settings } }, limits),
    }, options);
    return verdictOf(answer);
  }

  async backUp(pooler: PoolerAddress, order: BackupOrder, options?: CallOptions): Promise<string> {
    const { type, jobId, evenFromPrimary = false } = order;
    const { backupId } = await this.#connections.call(pooler, {
      what: "take a backup through",
      timeoutMs: limitsMs.backUp,
      send: (client, limits) => client.backup({ type, jobId, forcePrimary: evenFromPrimary }, limits),
    }, options);
    return backupId;
  }

  async resignLeadership(pooler: PoolerAddress, options?: CallOptions): Promise<bigint | undefined> {
    const { flushLsn } = await this.#connections.call(pooler, {
      what: "switch the lead away from",
      timeoutMs: limitsMs.resign,
      send: (client, limits) => client.resignLeadership({}, limits),
    }, options);
    return parseLsn(flushLsn);
  }

  close(): void {
    this.#connections.close();
  }
}
