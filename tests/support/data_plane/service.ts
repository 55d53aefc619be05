/** The gRPC service of one pooler. */
import { Code, ConnectError, type ConnectRouter, type HandlerContext } from "@connectrpc/connect";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  type BackupMetadataSchema,
  BackupStatus,
  MultipoolerManager,
  type ReloadConfigResponseSchema,
} from "../../../topology/gen/multipooler_manager_pb.ts";
import { formatLsn } from "../../../topology/poolers/lsn.ts";
import { delay } from "../../ground/wait_for.ts";
import type { Instance } from "./instance.ts";
import { aborted, type Method, type RpcFaults } from "./rpc_faults.ts";
import type { ShardLife } from "./shard_life.ts";
import { statusMessage } from "./status_message.ts";
import { timing } from "./timing.ts";
import type { VirtualTime } from "./virtual_time.ts";

export type Backup = MessageInitShape<typeof BackupMetadataSchema>;
export type ReloadAnswer = MessageInitShape<typeof ReloadConfigResponseSchema>;

/** A call as a test sees it afterwards. */
export interface RpcCall {
  readonly pod: string;
  readonly method: Method;
  readonly request: unknown;
}

/** What all poolers of a data plane share. */
export interface Shared {
  readonly hostname: string;
  readonly time: VirtualTime;
  readonly faults: RpcFaults;
  readonly calls: RpcCall[];
  /** Backups by shard, the newest last. */
  backups(life: ShardLife): Backup[];
  /** What becomes of settings that are to be read again. */
  reload(pod: string, settings: Readonly<Record<string, string>>): ReloadAnswer;
}

export class PoolerService {
  /** Backups and looks at them wait for each other. */
  #lock: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly instance: Instance,
    private readonly life: ShardLife,
    private readonly shared: Shared,
  ) {}

  readonly routes = (router: ConnectRouter): void => {
    router.service(MultipoolerManager, {
      status: (request, context) =>
        this.#answer("status", { request, context }, () => {
          return statusMessage(this.instance, this.life, this.shared.hostname);
        }),
      getBackups: (request, context) =>
        this.#locked("getBackups", { request, context }, () => ({
          backups: this.#backups.slice(-request.limit).reverse(),
        })),
      getBackupByJobId: (request, context) =>
        this.#locked("getBackupByJobId", { request, context }, () => {
          const backup = this.#backups.find(({ jobId }) => jobId === request.jobId);
          return backup === undefined ? {} : { backup };
        }),
      backup: (request, context) =>
        this.#locked("backup", { request, context }, async () => {
          if (this.#leads && !request.forcePrimary) throw wrongRole("a backup is taken from a standby");
          return { backupId: await this.#backUp(request.type, request.jobId) };
        }),
      reloadConfig: (request, context) =>
        this.#answer("reloadConfig", { request, context }, () => {
          if (!this.instance.ready) throw new ConnectError("PostgreSQL does not run", Code.Unavailable);
          return this.shared.reload(this.instance.pod.name, request.expectedSettings);
        }),
      resignLeadership: (request, context) =>
        this.#answer("resignLeadership", { request, context }, () => {
          if (!this.#leads) throw wrongRole("only the primary can hand over");
          this.instance.resign(this.shared.time.now);
          return { flushLsn: formatLsn(this.instance.position) };
        }),
    });
  };

  get #leads(): boolean {
    return this.instance.leads !== undefined;
  }

  get #backups(): Backup[] {
    return this.shared.backups(this.life);
  }

  async #answer<T>(method: Method, call: Received, work: () => T | Promise<T>): Promise<T> {
    const { instance: { pod, silent }, shared: { calls, faults, time } } = this;
    calls.push({ pod: pod.name, method, request: call.request });
    if (silent || time.frozen) await aborted(call.context.signal);
    await faults.meet(pod.name, method, call.context.signal);
    return await work();
  }

  async #locked<T>(method: Method, call: Received, work: () => T | Promise<T>): Promise<T> {
    const before = this.#lock;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#lock = promise;
    try {
      await before;
      return await this.#answer(method, call, work);
    } finally {
      resolve();
    }
  }

  async #backUp(type: string, jobId: string): Promise<string> {
    const started = new Date();
    await delay((timing.backup / this.shared.time.speed) * 1000);
    const backupId = `${started.toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-")}F`;
    this.#backups.push({
      backupId,
      jobId,
      status: BackupStatus.COMPLETE,
      type: type === "" ? "full" : type,
      backupSizeBytes: 30_000_000n,
      multipoolerId: this.instance.id.name,
      startTimestamp: timestampFromDate(started),
      stopTimestamp: timestampFromDate(new Date()),
      pgVersion: "17",
    });
    return backupId;
  }
}

interface Received {
  readonly request: unknown;
  readonly context: HandlerContext;
}

function wrongRole(why: string): ConnectError {
  return new ConnectError(`operation not allowed: ${why}`, Code.FailedPrecondition);
}
