/** The way to the poolers of a shard, and to their records. All of it may be slow or silent, so reconciles do not wait for it. */
import { internalCertificateName } from "../../api/multigres/certificate_names.ts";
import type { Background, Progress, Task } from "../../kube/background.ts";
import type { Cache } from "../../kube/cache.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { Clock } from "../../kube/clock.ts";
import type { ReconcileContext } from "../../kube/controller.ts";
import { type Pod, Pods } from "../../kube/kinds.ts";
import type { Step } from "../../kube/plan.ts";
import type { Frozen } from "../../kube/types.ts";
import type { EtcdConnection } from "../../topology/etcd/connection.ts";
import type { ShardKeyPath } from "../../topology/keys.ts";
import type { PoolerTls } from "../../topology/poolers/address.ts";
import type { Answer } from "../../topology/poolers/ask.ts";
import type { PoolerClient } from "../../topology/poolers/pooler_client.ts";
import type { StoredClaim } from "../../topology/records/claims.ts";
import type { ShardPoolers } from "../../topology/records/poolers.ts";
import type { TopologyStore } from "../../topology/store.ts";
import { connectionTo, type EtcdAddress, secretTexts } from "../etcd_connection.ts";
import type { Services, Stores } from "../services.ts";
import { digestOf } from "./look_digest.ts";
import { conditionOf } from "./pod_state.ts";
import { namespaceOf, poolViews, type ShardView } from "./view.ts";

/** What one look at the data plane of a shard brought. */
export interface Look {
  readonly poolers: ShardPoolers;
  readonly answers: ReadonlyMap<string, Answer>;
  readonly readAt: Date;
  /** Who may bootstrap the shard; read only while nobody leads it. */
  readonly claim: StoredClaim | undefined;
}

export type LookProgress = Progress<Look>;

/** Where the data plane of a shard is, in a form that can be compared. */
export interface DataPlaneAddress {
  readonly etcd: EtcdAddress;
  readonly root: string;
  readonly cells: readonly string[];
  readonly shard: ShardKeyPath;
  /** Secret with the certificate that poolers ask of their clients; absent without internal TLS. */
  readonly tls?: { readonly secret: string; readonly serverName: string };
}

export function addressOfShard(view: ShardView): DataPlaneAddress {
  const { globalTopoServer, databaseName, tableGroupName, shardName, internalTLS } = view.owner.spec;
  const { address, rootPath, caSecret, clientCertSecret } = globalTopoServer;
  const namespace = namespaceOf(view);
  const of = (component: string) => internalCertificateName(component, { cluster: view.cluster, namespace });
  return {
    etcd: { namespace, endpoints: [address], caSecret, clientCertSecret },
    root: rootPath,
    cells: [...new Set(poolViews(view).map(({ cell }) => cell))].sort(),
    shard: { database: databaseName, tableGroup: tableGroupName, shard: shardName },
    ...(internalTLS?.enabled === true
      ? { tls: { secret: of("multiadmin"), serverName: of("multipooler") } }
      : {}),
  };
}

export interface LookTools {
  readonly background: Background<Look>;
  readonly services: Pick<Services, "stores" | "poolers" | "evidenceSeconds">;
  /** Of the shard. */
  readonly key: string;
  /** Whether poolers may register any moment, as a pod is Ready. */
  readonly expects: () => boolean;
}

interface LookMeans {
  readonly services: LookTools["services"];
  readonly memory: { readonly looks: Background<Look> };
  readonly key: string;
}

/** @param uid of the shard */
export function lookTools({ services, memory, key }: LookMeans, cache: Cache, uid: string): LookTools {
  const isReady = (pod: Frozen<Pod>) => conditionOf(pod, "Ready")?.status === "True";
  return { background: memory.looks, services, key, expects: () => cache.children(Pods, uid).some(isReady) };
}

/** Looks while no pooler is registered and none is to be expected, in seconds apart. */
const UNEXPECTED_SECONDS = 30;

/** Answers of a pooler within this time, in milliseconds: it asks PostgreSQL itself with limits of 2 s. */
const ANSWER_MS = 3_000;
/** The topology of a look in all, in milliseconds. */
const TOPOLOGY_MS = 4_000;
/** Secrets and the places of cells change seldom, and are read again after this time, in milliseconds. */
const PLACES_MS = 60_000;

/** What is known of the data plane; goes on by itself, and wakes the shard with news. Returns at once. */
export function lookAt(
  address: DataPlaneAddress,
  { background, services, key, expects }: LookTools,
  context: ReconcileContext,
): LookProgress {
  const places = new Places(address, services.stores, context);
  const task: Task<Look> = {
    id: JSON.stringify(address),
    // Spread, so that shards that were made at the same time are not asked at the same time for ever.
    freshMs: ({ poolers }) => {
      const isEarly = poolers.poolers.length === 0 && !expects();
      return (isEarly ? UNEXPECTED_SECONDS : services.evidenceSeconds) * 1_000 * (0.8 + 0.4 * Math.random());
    },
    run: (signal) => look(address, { places, poolers: services.poolers, clock: context.clock }, signal),
    digest: digestOf,
  };
  return background.look(key, task, context);
}

/** Looks again at once, because something was done that the latest look may not tell of. */
export function lookAnew(
  address: DataPlaneAddress,
  tools: LookTools,
  context: ReconcileContext,
): void {
  tools.background.outdate(tools.key);
  lookAt(address, tools, context);
}

/**
 * Whether steps changed what instances would answer, or which of them there are. New pods alone change nothing while there
 * is nobody: a pooler registers no sooner than its pod is Ready.
 */
export function reachInstances(
  steps: readonly Step[],
  look: Look | undefined,
  { expects }: Pick<LookTools, "expects">,
): boolean {
  const isSomebodyThere = () => expects() || (look?.poolers.poolers.length ?? 0) > 0;
  return steps.some((step) => {
    if (step.kind === "rpc") return true;
    if (step.kind !== "create" && step.kind !== "delete" || step.resource.kind !== Pods.kind) return false;
    return step.kind === "delete" || isSomebodyThere();
  });
}

interface Lookout {
  readonly places: Places;
  readonly poolers: PoolerClient;
  readonly clock: Clock;
}

async function look(address: DataPlaneAddress, means: Lookout, signal: AbortSignal): Promise<Look> {
  const { places, poolers: client, clock } = means;
  const { readShardPoolers } = await import("../../topology/records/poolers.ts");
  const { primaryOf } = await import("../../topology/records/roles.ts");
  const { readClaim } = await import("../../topology/records/claims.ts");
  const { askPoolers } = await import("../../topology/poolers/ask.ts");
  await places.refresh(signal);
  const readAt = clock.now();
  return await places.withStores(async (global, cells) => {
    const poolers = await readShardPoolers(cells, address.shard, { timeoutMs: TOPOLOGY_MS, signal });
    const leads = primaryOf(poolers.poolers) !== undefined;
    const claim = leads || poolers.poolers.length === 0
      ? undefined
      : await readClaim(global, address.root, address.shard, { timeoutMs: TOPOLOGY_MS, signal });
    const { tls } = places;
    const ask = { clock, timeoutMs: ANSWER_MS, signal, ...(tls === undefined ? {} : { tls }) };
    const answers = await askPoolers(client, poolers.poolers, ask);
    return { poolers, answers, readAt, claim };
  });
}

interface CellPlace {
  readonly cell: string;
  readonly connection: EtcdConnection;
  readonly root: string;
}

type CellStore = { readonly cell: string; readonly store: TopologyStore; readonly root: string };

/** Where the topologies of a shard's cells are, and the certificates for them: remembered for a while. */
export class Places {
  #readAt = -Infinity;
  #global: EtcdConnection | undefined;
  #cells: readonly CellPlace[] = [];
  tls: PoolerTls | undefined;

  constructor(
    private readonly address: DataPlaneAddress,
    private readonly stores: Stores,
    private readonly context: { readonly client: KubeClient; readonly clock: Clock },
  ) {}

  /** @throws TopologyError, ApiError */
  async refresh(signal: AbortSignal): Promise<void> {
    const { client, clock } = this.context;
    const now = clock.monotonic();
    if (now - this.#readAt < PLACES_MS) return;
    const { etcd, root, cells, tls } = this.address;
    const global = await connectionTo(etcd, client);
    const { readCells } = await import("../../topology/records/cells.ts");
    using store = this.stores.borrow(global);
    const known = await readCells(store, root, { timeoutMs: TOPOLOGY_MS, signal });
    this.#cells = cells.map((cell): CellPlace => {
      const record = known.get(cell)?.record;
      if (record === undefined || record.root === root) return { cell, connection: global, root };
      return { cell, connection: { endpoints: record.serverAddresses }, root: record.root };
    });
    this.#global = global;
    this.tls = tls === undefined ? undefined : await poolerTls(client, etcd.namespace, tls);
    this.#readAt = now;
  }

  async withStores<T>(use: (global: TopologyStore, cells: readonly CellStore[]) => Promise<T>): Promise<T> {
    if (this.#global === undefined) {
      throw new TypeError("Cannot use the places of a shard before they are read");
    }
    using borrowed = new DisposableStack();
    const store = borrowed.use(this.stores.borrow(this.#global));
    const cells = this.#cells.map(({ cell, connection, root }): CellStore => ({
      cell,
      root,
      store: connection === this.#global ? store : borrowed.use(this.stores.borrow(connection)),
    }));
    return await use(store, cells);
  }
}

async function poolerTls(
  client: KubeClient,
  namespace: string,
  { secret, serverName }: NonNullable<DataPlaneAddress["tls"]>,
): Promise<PoolerTls> {
  const texts = await secretTexts(client, { namespace, name: secret }, ["ca.crt", "tls.crt", "tls.key"]);
  const [caPem = "", certPem = "", keyPem = ""] = texts;
  return { caPem, certPem, keyPem, serverName };
}
