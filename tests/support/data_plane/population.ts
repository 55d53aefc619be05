/** All shards of a data plane: their instances, the records in etcd, and the servers on loopback. */
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { Random } from "../../../kube/random.ts";
import type { ShardKeyPath } from "../../../topology/keys.ts";
import type { PoolerId } from "../../../topology/poolers/answers.ts";
import type { TopologyStore } from "../../../topology/store.ts";
import { type CountingServer, type ServerTls, serving } from "../counting_servers.ts";
import { Instance } from "./instance.ts";
import type { DataPlanePod, DataPlanePods } from "./pods.ts";
import { PlaneRecords } from "./records.ts";
import type { RpcFaults } from "./rpc_faults.ts";
import { type Backup, PoolerService, type ReloadAnswer, type RpcCall, type Shared } from "./service.ts";
import { type Durability, ShardLife } from "./shard_life.ts";
import type { VirtualTime } from "./virtual_time.ts";

export interface PopulationOptions {
  readonly store: TopologyStore;
  readonly root: string;
  readonly time: VirtualTime;
  readonly faults: RpcFaults;
  readonly random: Random;
  /** Of databases without a record; undefined when their shards wait for it. */
  readonly durability: Durability | undefined;
  /** Undefined when only pods elect. */
  readonly orchestrator: PoolerId | undefined;
  readonly tls: ServerTls | undefined;
}

/** Poolers register the address that they listen at. */
const HOSTNAME = "127.0.0.1";

export class Population implements Shared, AsyncDisposable {
  readonly hostname = HOSTNAME;
  readonly calls: RpcCall[] = [];
  reload: Shared["reload"] = (): ReloadAnswer => ({ configLoadTime: timestampFromDate(new Date()) });
  readonly #lives = new Map<string, ShardLife>();
  readonly #backups = new Map<string, Backup[]>();
  readonly #servers = new Map<Instance, Promise<CountingServer>>();
  readonly #records: PlaneRecords;
  /** Orchestrators that are given no ID make one up with each start. */
  readonly #madeUp = new Map<string, string>();

  constructor(private readonly options: PopulationOptions) {
    this.#records = new PlaneRecords(options.store, options.root);
  }

  get time(): VirtualTime {
    return this.options.time;
  }

  get faults(): RpcFaults {
    return this.options.faults;
  }

  lives(): ShardLife[] {
    return [...this.#lives.values()];
  }

  /** @param shard its name; the only one, or the first, when absent */
  life(shard: string | undefined): ShardLife | undefined {
    return this.lives().find(({ key }) => shard === undefined || key.shard === shard);
  }

  /** @throws Error when no pooler of that pod was ever seen */
  instance(pod: string): Instance {
    const found = this.lives().flatMap(({ instances }) => [...instances.values()])
      .find((each) => each.pod.name === pod);
    if (found === undefined) throw new Error(`Cannot find an instance of pod ${pod}: none was seen`);
    return found;
  }

  backups(life: ShardLife): Backup[] {
    const key = keyOf(life.key);
    const backups = this.#backups.get(key) ?? [];
    this.#backups.set(key, backups);
    return backups;
  }

  backupsOf(shard: string | undefined): Backup[] {
    const life = this.life(shard);
    if (life === undefined) throw new Error("Cannot find the shard: no pod of it was seen");
    return this.backups(life);
  }

  kill(pod: string): void {
    const instance = this.instance(pod);
    instance.die(this.time.now);
    this.#endServer(instance);
  }

  async turn(pods: DataPlanePods): Promise<void> {
    for (const pod of pods.poolers) this.#arrive(pod);
    this.#depart(new Set(pods.poolers.filter(({ leaving }) => !leaving).map(({ uid }) => uid)));
    const stopped = await this.#records.stopped();
    for (const life of this.lives()) {
      const claimant = this.#claimant(life, pods.orchestrators);
      await life.turn({
        now: this.time.now,
        orchestrated: claimant !== undefined,
        durability: await this.#records.durability(life.key.database) ?? this.options.durability,
        stopped,
        claim: async (members) =>
          claimant !== undefined && await this.#records.claim(life.key, claimant, members),
      });
      for (const instance of life.instances.values()) await this.#publish(instance, life);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const instance of [...this.#servers.keys()]) await this.#endServer(instance);
  }

  #arrive(pod: DataPlanePod): void {
    const life = this.#lives.get(keyOf(pod.shard)) ?? new ShardLife(pod.shard, this.options.random);
    this.#lives.set(keyOf(pod.shard), life);
    const known = life.instances.get(pod.name);
    if (known?.pod.uid !== pod.uid && !pod.leaving && known?.phase !== "stopping") {
      if (known !== undefined) this.#endServer(known);
      life.instances.set(pod.name, new Instance(pod, known));
    }
    const instance = life.instances.get(pod.name);
    if (instance?.phase === "waiting" && pod.ready) instance.since ??= this.time.now;
  }

  /** A pod that goes tells its process to end, unless that is dead already. */
  #depart(present: ReadonlySet<string>): void {
    for (const instance of this.lives().flatMap(({ instances }) => [...instances.values()])) {
      const { phase, pod } = instance;
      if (present.has(pod.uid) || phase === "stopping" || phase === "stopped" || phase === "dead") continue;
      instance.enter(phase === "waiting" ? "dead" : "stopping", this.time.now);
    }
  }

  async #publish(instance: Instance, life: ShardLife): Promise<void> {
    const { phase } = instance;
    if (phase === "waiting" || phase === "dead") return;
    if (phase === "stopped") this.#endServer(instance);
    else instance.port ??= await this.#listen(instance, life);
    const record = instance.record(HOSTNAME);
    if (record !== undefined) await this.#records.publish(instance, record);
  }

  async #listen(instance: Instance, life: ShardLife): Promise<number> {
    const service = new PoolerService(instance, life, this);
    const server = serving(service.routes, this.options.tls);
    this.#servers.set(instance, server);
    return (await server).port;
  }

  async #endServer(instance: Instance): Promise<void> {
    const server = this.#servers.get(instance);
    this.#servers.delete(instance);
    instance.port = undefined;
    if (server !== undefined) await (await server)[Symbol.asyncDispose]();
  }

  #claimant({ key }: ShardLife, pods: readonly DataPlanePod[]): PoolerId | undefined {
    const pod = pods.find((each) => each.ready && !each.leaving && keyOf(each.shard) === keyOf(key));
    if (this.options.orchestrator !== undefined || pod === undefined) return this.options.orchestrator;
    const name = pod.serviceId ?? this.#madeUp.get(pod.uid) ?? crypto.randomUUID().slice(0, 8);
    this.#madeUp.set(pod.uid, name);
    return { cell: pod.cell, name };
  }
}

function keyOf({ database, tableGroup, shard }: ShardKeyPath): string {
  return `${database}/${tableGroup}/${shard}`;
}
