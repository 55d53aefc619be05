/** A Shard made by hand, the controller of Shards alone, and a data plane in the pods that it makes. */
import { clusterLabel } from "../../../api/multigres/labels.ts";
import { shardObjectName } from "../../../api/multigres/names.ts";
import { type Shard, Shards, type ShardSpec } from "../../../api/multigres/shard.ts";
import { type Services, servicesWith } from "../../../controllers/services.ts";
import { shardController } from "../../../controllers/shard/controller.ts";
import type { Condition } from "../../../kube/conditions.ts";
import {
  type Event,
  Events,
  type PersistentVolumeClaim,
  PersistentVolumeClaims,
  type Pod,
  Pods,
  Secrets,
} from "../../../kube/kinds.ts";
import { openEtcd } from "../../../topology/etcd/open.ts";
import type { TopologyStore } from "../../../topology/store.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { delay, waitUntil } from "../../ground/wait_for.ts";
import { type ClusterStage, clusterTest } from "../../support/cluster_stage.ts";
import {
  type DataPlane,
  type DataPlaneOptions,
  startDataPlane,
} from "../../support/data_plane/data_plane.ts";
import { deleteNow } from "../../support/delete_now.ts";
import { type OperatorOptions, type RunningOperator, startOperator } from "../../support/operator.ts";
import { TurnedClock } from "../../support/turned_clock.ts";

export const shardKey = { database: "postgres", tableGroup: "default", shard: "0-inf" };
const path = { cluster: "c", ...shardKey };
export const shardName = shardObjectName(path);

/** What a test wants otherwise. */
export interface ShardOptions {
  readonly spec?: Partial<ShardSpec>;
  /** Absent: a data plane of 30 times the usual speed. `none`: one that never begins. */
  readonly plane?: Partial<DataPlaneOptions> | "none";
}

export interface ShardStage extends Pick<ClusterStage, "client" | "ground" | "namespace" | "root"> {
  readonly plane: DataPlane;
  /** Of every operator that is started. */
  readonly clock: TurnedClock;
  readonly store: TopologyStore;
  operator(options?: Partial<OperatorOptions>, services?: Partial<Services>): RunningOperator;
  /** Applies the Shard, with some of its spec replaced; what was replaced before counts no more. */
  apply(changes?: Partial<ShardSpec>): Promise<void>;
  annotate(annotations: Readonly<Record<string, string | null>>): Promise<void>;
  remove(): Promise<void>;
  /** Undefined when it is gone. */
  find(): Promise<Shard | undefined>;
  until(what: string, accept: (shard: Shard) => boolean, timeoutMs?: number): Promise<Shard>;
  untilPhase(phase: string): Promise<Shard>;
  /** `Status/Reason`. */
  untilCondition(type: string, expected: string): Promise<Shard>;
  /** Healthy, and every pod runs what is wanted. */
  untilSettled(): Promise<Shard>;
  /** Of the pools, by name. */
  pods(): Promise<Pod[]>;
  pod(name: string): Promise<Pod>;
  claims(): Promise<PersistentVolumeClaim[]>;
  /** About the Shard, the oldest first. */
  events(): Promise<Event[]>;
  untilEvent(reason: string): Promise<Event>;
  /** Events come behind all else. @throws Error when there are more than so many. */
  untilTold(reason: string, times: number): Promise<void>;
  /** Writes a status as a kubelet or a provisioner would. */
  patchStatus(plural: "pods" | "persistentvolumeclaims", name: string, status: unknown): Promise<void>;
  /** Changes metadata as a person would. */
  patchMetadata(plural: "pods" | "persistentvolumeclaims", name: string, metadata: unknown): Promise<void>;
}

/** How often an operator of a test looks at a data plane that is faster than others, in seconds. */
const EVIDENCE_SECONDS = 0.3;

export type PoolSpec = ShardSpec["pools"][string];

/** Three instances in one cell, but for what is given. */
export function pool(changes: Partial<PoolSpec> = {}): PoolSpec {
  return { cells: ["zone-a"], replicasPerCell: 3, storage: { size: "1Gi" }, ...changes };
}

export function specOf({ root, endpoint }: Pick<ClusterStage, "root" | "endpoint">): ShardSpec {
  return {
    databaseName: path.database,
    tableGroupName: path.tableGroup,
    shardName: path.shard,
    globalTopoServer: { address: endpoint, implementation: "etcd", rootPath: root },
    images: { multiorch: "m:1", multipooler: "p:1", postgres: "d:1" },
    postgresPasswordSecretRef: { name: "pw", key: "password" },
    cellTopologyLabels: { "zone-a": { "topology.k8s.aws/zone-id": "use1-aza" } },
    multiorch: { cells: ["zone-a"], replicas: 1 },
    pools: { main: pool() },
    backup: { type: "filesystem", filesystem: { path: "/backups", storage: { size: "1Gi" } } },
  };
}

/** A test with a Shard that nobody keeps yet, unless `options.plane` says so with a data plane in its pods. */
export function shardTest(
  name: string,
  options: ShardOptions,
  run: (stage: ShardStage) => Promise<void>,
): void {
  clusterTest(name, async (stage) => {
    const { namespace, root, endpoint, client } = stage;
    const { connection } = sharedCluster();
    await client.apply(Secrets, { metadata: { namespace, name: "pw" }, stringData: { password: "secret" } });
    const store = openEtcd({ endpoints: [endpoint] });
    await using plane = startDataPlane({
      connection,
      namespace,
      etcd: endpoint,
      root,
      speed: 30,
      ...(options.plane === "none" ? { speed: 0 } : options.plane),
    });
    try {
      await run(stageOf(stage, { plane, store, clock: new TurnedClock(), given: options.spec ?? {} }));
    } finally {
      store.close();
    }
  });
}

interface Means extends Pick<ShardStage, "plane" | "store" | "clock"> {
  readonly given: Partial<ShardSpec>;
}

function stageOf(stage: ClusterStage, { plane, store, clock, given }: Means): ShardStage {
  const { client, ground, namespace, root } = stage;
  const key = { namespace, name: shardName };
  const find = () => client.find(Shards.resource, key);
  const until: ShardStage["until"] = async (what, accept, timeoutMs = 30_000) => {
    const seen = await waitUntil(what, find, (shard) => shard !== undefined && accept(shard), { timeoutMs });
    if (seen === undefined) throw new Error(`Waited for ${what}, and the shard is gone`);
    return seen;
  };
  const all = (labels: string) => client.listAll(Pods, { namespace, labels });
  const events = () => eventsOf(stage);
  const merge = async (path: string, body: unknown) => {
    const url = `/api/v1/namespaces/${namespace}/${path}`;
    await ground.request("PATCH", url, body, "application/merge-patch+json");
  };
  return {
    client,
    ground,
    namespace,
    root,
    plane,
    clock,
    store,
    find,
    until,
    operator: (options = {}, services = {}) =>
      startOperator(sharedCluster().connection, {
        namespaces: [namespace],
        clock,
        setUp: (manager) =>
          manager.add(shardController(servicesWith({ evidenceSeconds: EVIDENCE_SECONDS, ...services }))),
        ...options,
      }),
    apply: async (changes = {}) => {
      const spec = { ...specOf(stage), ...given, ...changes };
      await client.apply(Shards.resource, {
        metadata: { ...key, labels: { [clusterLabel]: path.cluster } },
        spec,
      });
    },
    annotate: async (annotations) => {
      await client.patch(Shards.resource, key, { metadata: { annotations } });
    },
    remove: () => deleteNow(client, Shards.resource, key),
    untilPhase: (phase) =>
      until(
        phase,
        ({ status, metadata }) =>
          status?.phase === phase && status.observedGeneration === metadata.generation,
      ),
    untilCondition: (type, expected) =>
      until(`${type} ${expected}`, (shard) => conditionOf(shard, type) === expected),
    untilSettled: () => until("Healthy without a rollout", isSettled, 60_000),
    pods: () => all("app.kubernetes.io/component=shard-pool"),
    pod: (name) => client.get(Pods, { namespace, name }),
    claims: () => client.listAll(PersistentVolumeClaims, { namespace }),
    events,
    patchStatus: (plural, name, status) => merge(`${plural}/${name}/status`, { status }),
    patchMetadata: (plural, name, metadata) => merge(`${plural}/${name}`, { metadata }),
    untilEvent: async (reason) => {
      const found = async () => (await events()).find((event) => event.reason === reason);
      const event = await waitUntil(`an event ${reason}`, found, (event) => event !== undefined);
      if (event === undefined) throw new Error(`There is no event ${reason}`);
      return event;
    },
    untilTold: async (reason, times) => {
      const count = async () => (await events()).filter((event) => event.reason === reason).length;
      const found = await waitUntil(`${times} events ${reason}`, count, (seen) => seen >= times);
      if (found > times) throw new Error(`There are ${found} events ${reason} instead of ${times}`);
    },
  };
}

export function isSettled(shard: Shard): boolean {
  const { status, metadata } = shard;
  return status?.phase === "Healthy" && status.observedGeneration === metadata.generation &&
    conditionOf(shard, "RollingUpdate") === "False/PodsUpToDate" &&
    conditionOf(shard, "Ready").startsWith("True");
}

async function eventsOf({ client, namespace }: ClusterStage): Promise<Event[]> {
  const all = await client.listAll(Events, { namespace });
  return all.filter(({ involvedObject }) => involvedObject.kind === "Shard")
    .sort((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion));
}

/** `Status/Reason` of a condition. */
export function conditionOf(
  { status }: { readonly status?: { readonly conditions?: readonly Condition[] } },
  type: string,
): string {
  const found = status?.conditions?.find((each) => each.type === type);
  return `${found?.status}/${found?.reason}`;
}

export function messageOf({ status }: Shard, type: string): string {
  return status?.conditions?.find((each) => each.type === type)?.message ?? "";
}

/** Requests of an operator after it has begun to watch. */
export function asked({ transport }: RunningOperator): string[] {
  return transport.seen.filter((entry) => !entry.startsWith("WATCH "));
}

/** Waits until an operator has asked for nothing for so many milliseconds. */
export async function untilQuiet(operator: RunningOperator, quietMs = 1_000): Promise<void> {
  const deadline = performance.now() + 30_000;
  for (let before = -1; before !== asked(operator).length;) {
    if (performance.now() > deadline) throw new Error(`The operator asked on: ${asked(operator).slice(-10)}`);
    before = asked(operator).length;
    await delay(quietMs);
  }
}
