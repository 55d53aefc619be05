/**
 * A data plane for tests of what watches over one: for each pod of a pool that becomes Ready a pooler registers in a real
 * etcd, answers over real gRPC on loopback, takes part in elections, streams, stops and comes back, in the order and with
 * the times that were seen of real ones. There is no PostgreSQL. Tests hold it up, break it, and look at it:
 *
 *     await using plane = await startDataPlane({ connection, namespace, etcd, root, speed: 20 });
 */
import { seededRandom } from "../../../kube/random.ts";
import { isTopologyDown } from "../../../topology/errors.ts";
import { openEtcd } from "../../../topology/etcd/open.ts";
import { QuorumType } from "../../../topology/gen/clustermetadata_pb.ts";
import type { LeadershipRule } from "../../../topology/poolers/answers.ts";
import { formatLsn } from "../../../topology/poolers/lsn.ts";
import { GroundClient } from "../../ground/client.ts";
import type { Connection } from "../../ground/connection.ts";
import { delay } from "../../ground/wait_for.ts";
import type { ServerTls } from "../counting_servers.ts";
import type { Instance, Phase } from "./instance.ts";
import { type DataPlanePods, readPods } from "./pods.ts";
import { Population } from "./population.ts";
import { type RpcFault, RpcFaults } from "./rpc_faults.ts";
import type { Backup, ReloadAnswer, RpcCall } from "./service.ts";
import { type Durability, inCohort, type ShardLife, streams } from "./shard_life.ts";
import { VirtualTime } from "./virtual_time.ts";

export interface DataPlaneOptions {
  readonly connection: Connection;
  readonly namespace: string;
  /** Endpoint of the etcd, and root of the global topology there, which is that of the cells too. */
  readonly etcd: string;
  readonly root: string;
  /** Seconds of the data plane in one of ours: 10. */
  readonly speed?: number;
  /**
   * Who elects: the pods of MultiOrch while one of the shard is Ready (by default), or somebody who is always there and
   * claims shards by this ID.
   */
  readonly orchestrator?: { readonly cell: string; readonly name: string };
  /** Policy of databases without a record: two instances. A real pooler waits for the record; see {@link needsDatabase}. */
  readonly durability?: Durability;
  /** Whether shards wait for the record of their database. */
  readonly needsDatabase?: boolean;
  /** With TLS, poolers ask their clients for a certificate. */
  readonly tls?: ServerTls;
  readonly seed?: number;
}

/** One instance as a test sees it. */
export interface InstanceView {
  readonly pod: string;
  readonly cell: string;
  readonly serviceId: string;
  readonly phase: Phase;
  readonly primary: boolean;
  readonly streaming: boolean;
  readonly inCohort: boolean;
  /** Whether its PostgreSQL accepts connections. */
  readonly ready: boolean;
  readonly position: string;
}

export interface DataPlane extends AsyncDisposable {
  /** All instances that were ever seen, by the names of their pods. */
  instances(): InstanceView[];
  /** Name of the pod whose instance leads. @param shard of several, the one to look at */
  primary(shard?: string): string | undefined;
  /** Whether commits succeed. */
  writable(shard?: string): boolean;
  rule(shard?: string): LeadershipRule | undefined;
  /** All calls that poolers received, in order. */
  readonly calls: readonly RpcCall[];
  /** Backups of a shard, the newest last; to be changed at will. */
  backups(shard?: string): Backup[];
  /** The instance of a pod ends without a word, and its record goes on standing. */
  kill(pod: string): void;
  /** A killed instance starts again in the same pod. */
  revive(pod: string): void;
  quarantine(pod: string): void;
  /** A standby does not stream until it is let go again. */
  holdBack(pod: string, held: boolean): void;
  /** How far a standby that streams is behind. */
  setLag(pod: string, bytes: bigint): void;
  /** The pooler of a pod takes requests and answers none. */
  silence(pod: string, silent: boolean): void;
  /** Orders a failure of calls. @returns what takes the order back */
  fail(fault: RpcFault): () => void;
  /** What poolers answer when settings are to be read again: that they were, at first. */
  answerReload(answer: (pod: string, settings: Readonly<Record<string, string>>) => ReloadAnswer): void;
  /** Nothing happens any more and nobody answers, until it thaws. Pods that go meanwhile are noticed then. */
  freeze(): void;
  thaw(): void;
}

/** Between two looks at pods and records, in real milliseconds. */
const TURN_MS = 50;

const twoInstances: Durability = { type: QuorumType.AT_LEAST_N, count: 2 };

export function startDataPlane(options: DataPlaneOptions): DataPlane {
  const time = new VirtualTime(options.speed ?? 10);
  const client = new GroundClient(options.connection);
  const store = openEtcd({ endpoints: [options.etcd] });
  const population = new Population({
    store,
    root: options.root,
    time,
    faults: new RpcFaults(),
    random: seededRandom(options.seed ?? 5),
    durability: options.needsDatabase === true ? undefined : options.durability ?? twoInstances,
    orchestrator: options.orchestrator,
    tls: options.tls,
  });
  let ended = false;
  const turning = (async () => {
    while (!ended) {
      time.turn();
      if (!time.frozen) await turn(population, () => readPods(client, options.namespace));
      await delay(TURN_MS);
    }
  })();
  // A turn that fails ends the data plane; whoever disposes of it hears why.
  turning.catch(() => {});
  return {
    ...controls(population, time),
    async [Symbol.asyncDispose]() {
      ended = true;
      try {
        await turning;
      } finally {
        await population[Symbol.asyncDispose]();
        store.close();
        client[Symbol.dispose]();
      }
    },
  };
}

/** Whatever cannot be reached is tried again with the next turn, as real components do. */
async function turn(population: Population, read: () => Promise<DataPlanePods>): Promise<void> {
  try {
    await population.turn(await read());
  } catch (error) {
    if (
      !isTopologyDown(error) &&
      !(error instanceof TypeError && error.message.includes("error sending request"))
    ) {
      throw error;
    }
  }
}

function controls(population: Population, time: VirtualTime): Omit<DataPlane, typeof Symbol.asyncDispose> {
  const { instance } = population;
  const of = (pod: string) => instance.call(population, pod);
  return {
    instances: () => population.lives().flatMap(viewsOf).sort((a, b) => a.pod < b.pod ? -1 : 1),
    primary: (shard) => population.life(shard)?.primary?.pod.name,
    writable: (shard) => population.life(shard)?.writable ?? false,
    rule: (shard) => population.life(shard)?.rule,
    calls: population.calls,
    backups: (shard) => population.backupsOf(shard),
    kill: (pod) => population.kill(pod),
    revive: (pod) => of(pod).enter("waiting", time.now),
    quarantine: (pod) => of(pod).enter("quarantined", time.now),
    holdBack: (pod, held) => void (of(pod).heldBack = held),
    setLag: (pod, bytes) => void (of(pod).lagBytes = bytes),
    silence: (pod, silent) => void (of(pod).silent = silent),
    fail: (fault) => population.faults.add(fault),
    answerReload: (answer) => void (population.reload = answer),
    freeze: () => time.freeze(),
    thaw: () => time.thaw(),
  };
}

function viewsOf(life: ShardLife): InstanceView[] {
  return [...life.instances.values()].map((instance) => viewOf(instance, life));
}

function viewOf(instance: Instance, { rule }: ShardLife): InstanceView {
  const { pod, id, phase, leads, ready, position } = instance;
  return {
    pod: pod.name,
    cell: id.cell,
    serviceId: id.name,
    phase,
    primary: leads !== undefined,
    streaming: streams(instance),
    inCohort: rule !== undefined && inCohort(rule, id),
    ready,
    position: formatLsn(position),
  };
}
