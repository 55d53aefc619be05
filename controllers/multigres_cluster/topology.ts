/**
 * Cells and databases of a cluster in its topology. Writing them is nobody's wait but the new table groups': it goes on
 * beside the reconciles, is repeated when what is wanted changes, and every ten minutes, as etcd may have lost what was
 * written (a backup that was restored, a hand that slipped).
 */
import { cellObjectName, globalTopoServerName, localTopoServerName } from "../../api/multigres/names.ts";
import type { MultigresCluster } from "../../api/multigres/multigres_cluster.ts";
import { ports } from "../../api/multigres/ports.ts";
import type { Background, Progress, Task } from "../../kube/background.ts";
import type { BackoffPolicy } from "../../kube/backoff.ts";
import type { ReconcileContext } from "../../kube/controller.ts";
import type { Frozen } from "../../kube/types.ts";
import type { CellSpec } from "../../api/multigres/cell.ts";
import { localRootPath } from "../../resolve/defaults.ts";
import { externalGlobal } from "../../resolve/global_topo_server.ts";
import { present } from "../../resolve/present.ts";
import type { WantedCell } from "../../topology/records/cells.ts";
import type { WantedDatabase } from "../../topology/records/databases.ts";
import type { RecordStep } from "../../topology/records/step.ts";
import { connectionTo, type EtcdAddress } from "../etcd_connection.ts";
import { isFresh } from "../freshness.ts";
import type { Stores } from "../services.ts";
import type { Observation, SeenCell } from "./observe.ts";

/** Records are compared with what is wanted at least so often, in milliseconds. */
const FRESH_MS = 10 * 60_000;
/**
 * Pauses after passes that failed: a topology server that comes up with its cluster is found within seconds, and one that
 * is gone costs a connection every ten.
 */
export const TOPOLOGY_BACKOFF: BackoffPolicy = { firstMs: 1_000, capMs: 10_000, jitter: 0.1 };
/** One pass over the topology may take so long in all, in milliseconds. */
const PASS_MS = 20_000;

/** What is to stand in the topology, in a form that can be compared. */
export interface TopologyOrder {
  readonly address: EtcdAddress;
  readonly root: string;
  readonly cells: readonly WantedCell[];
  readonly databases: readonly WantedDatabase[];
  readonly prune: boolean;
  /** Whether the cluster is gone but for its records: then those of its poolers go too. */
  readonly isLast: boolean;
  /** Not wanted any more, but still being taken down. */
  readonly keptCells: readonly string[];
  readonly keptDatabases: readonly string[];
}

/** What became of an order. */
export type Registration = Progress<readonly string[]>;

/** What is known of the topology in a pass. */
export type TopologyStanding =
  /** A cell's own topology server is not up yet. */
  | { readonly kind: "waiting"; readonly message: string }
  | {
    readonly kind: "asked";
    readonly progress: Registration;
    /** Another cluster with records in the same place. */
    readonly neighbour?: string;
  };

/** @returns undefined while it is not known what the cluster means. */
export function orderOf(seen: Observation): TopologyOrder | undefined {
  const { view, cells, tableGroups, neighbour } = seen;
  if (view === undefined) return undefined;
  const { cluster } = view.parent;
  const wantedCells = new Set(cluster.cells.map(({ name }) => name));
  const wantedDatabases = new Set(cluster.databases.map(({ name }) => name));
  return {
    address: addressOf(view.parent),
    root: rootOf(view.parent),
    cells: cluster.cells.map((cell) => wantedCell(view.parent, cell)),
    databases: cluster.databases.map(({ name, backup, durabilityPolicy }) => ({
      name,
      backup,
      durabilityPolicy,
      cells: cluster.cells.map((cell) => cell.name),
    })),
    prune: neighbour === undefined && (cluster.settings.topologyPruning.enabled ?? true),
    isLast: false,
    keptCells: others(cells.map(({ spec }) => spec.name), wantedCells),
    keptDatabases: others(tableGroups.map(({ spec }) => spec.databaseName), wantedDatabases),
  };
}

type Parent = NonNullable<Observation["view"]>["parent"];

function others(present: readonly string[], wanted: ReadonlySet<string>): string[] {
  return [...new Set(present.filter((name) => !wanted.has(name)))].sort();
}

function addressOf({ name, namespace, cluster }: Parent): EtcdAddress {
  const server = cluster.globalTopoServer;
  if (server.kind === "managed") {
    return { namespace, endpoints: [`http://${serviceAddress(globalTopoServerName(name), namespace)}`] };
  }
  const { endpoints, caSecret, clientCertSecret } = server.external;
  return { namespace, endpoints, caSecret, clientCertSecret };
}

function rootOf({ cluster: { globalTopoServer } }: Parent): string {
  return globalTopoServer.kind === "managed" ? globalTopoServer.rootPath : globalTopoServer.external.rootPath;
}

function serviceAddress(service: string, namespace: string): string {
  return `${service}.${namespace}.svc:${ports.etcd.client}`;
}

/**
 * | the cell's own topology server | its record leads to                        |
 * | ------------------------------ | ------------------------------------------ |
 * | none                           | the global one                             |
 * | one that the operator runs     | its Service, below a root of the cell's own |
 * | one that runs elsewhere        | all of its endpoints                       |
 */
function wantedCell(parent: Parent, cell: Parent["cluster"]["cells"][number]): WantedCell {
  const { name, topoServer } = cell;
  const root = (given: string | undefined) => given ?? localRootPath(name);
  if (topoServer?.external !== undefined) {
    const { endpoints, rootPath } = topoServer.external;
    return { name, serverAddresses: endpoints, root: root(rootPath) };
  }
  if (topoServer?.etcd !== undefined) {
    const service = localTopoServerName(cellObjectName(parent.name, name));
    return {
      name,
      serverAddresses: [serviceAddress(service, parent.namespace)],
      root: root(topoServer.etcd.rootPath),
    };
  }
  const global = parent.cluster.globalTopoServer;
  const serverAddresses = global.kind === "managed"
    ? [serviceAddress(globalTopoServerName(parent.name), parent.namespace)]
    : global.external.endpoints;
  return { name, serverAddresses, root: rootOf(parent) };
}

/** What still has to come up before anything is written: a record must not lead clients to a server that is not there. */
export function awaitedServers({ view, cells, topoServers }: Observation): string | undefined {
  const local = view?.parent.cluster.cells.filter((cell) => cell.topoServer?.etcd !== undefined) ?? [];
  const missing = local.filter(({ name }) => {
    const cell = cells.find(({ spec }: { spec: Frozen<CellSpec> }) => spec.name === name);
    return cell === undefined || !hasHealthyServer(cell, topoServers);
  });
  if (missing.length === 0) return undefined;
  return `Waiting for the topology servers of cells ${missing.map(({ name }) => name).join(", ")}`;
}

function hasHealthyServer(cell: SeenCell, topoServers: Observation["topoServers"]): boolean {
  return topoServers.some((server) =>
    server.metadata.ownerReferences?.some(({ uid }) => uid === cell.metadata.uid) === true &&
    isFresh(server) && server.status?.phase === "Healthy"
  );
}

export interface TopologyTools {
  readonly background: Background<readonly string[]>;
  readonly stores: Stores;
  /** Of the cluster. */
  readonly key: string;
}

/** Asks for what is wanted, and tells how far it is whenever it is called; undefined while that is not known. */
export type TopologyInquiry = () => TopologyStanding | undefined;

export function inquiryFor(
  seen: Observation,
  tools: TopologyTools,
  context: ReconcileContext,
): TopologyInquiry {
  const order = orderOf(seen);
  if (order === undefined) return () => undefined;
  const message = awaitedServers(seen);
  if (message !== undefined) return () => ({ kind: "waiting", message });
  const look = askFor(order, tools, context);
  const neighbour = present({ neighbour: seen.neighbour });
  return () => ({ kind: "asked", progress: look(), ...neighbour });
}

/** Whether the topology is known to have what is wanted. */
export function isRegistered(standing: TopologyStanding | undefined): boolean {
  return standing?.kind === "asked" && standing.progress.kind === "done";
}

/**
 * Asks for all records of a cluster that goes to be removed from a topology that stays; undefined when there is none, or
 * when records are not to be removed. Returns at once.
 */
export function clearTopology(
  { metadata, spec }: MultigresCluster,
  tools: TopologyTools,
  context: ReconcileContext,
): Registration | undefined {
  const { external } = spec.globalTopoServer ?? {};
  if (external === undefined || spec.topologyPruning?.enabled === false) return undefined;
  const { endpoints, caSecret, clientCertSecret, rootPath } = externalGlobal(external);
  const order: TopologyOrder = {
    address: { namespace: metadata.namespace ?? "", endpoints, caSecret, clientCertSecret },
    root: rootPath,
    cells: [],
    databases: [],
    prune: true,
    isLast: true,
    keptCells: [],
    keptDatabases: [],
  };
  return askFor(order, tools, context)();
}

/** @returns what starts the work where it is not done yet, and tells at once how far it is. */
function askFor(
  order: TopologyOrder,
  { background, stores, key }: TopologyTools,
  context: ReconcileContext,
): () => Registration {
  const task: Task<readonly string[]> = {
    id: JSON.stringify(order),
    freshMs: () => FRESH_MS,
    run: (signal) => carryOut(order, stores, { context, signal }),
  };
  return () => background.look(key, task, context);
}

/** @returns what was written, in words. */
async function carryOut(
  { address, isLast, keptCells, keptDatabases, ...wanted }: TopologyOrder,
  stores: Stores,
  { context, signal }: { readonly context: ReconcileContext; readonly signal: AbortSignal },
): Promise<readonly string[]> {
  const { client, fence, clock, record } = context;
  // Protocol Buffers cost memory that an operator without Multigres clusters does without.
  const { register: carry } = await import("../../topology/records/registration.ts");
  const { removePoolers } = await import("../../topology/records/leftovers.ts");
  const { budgetedStore, fencedStore } = await import("../../topology/limited_store.ts");
  using store = stores.borrow(await connectionTo(address, client));
  const limited = budgetedStore(fencedStore(store, fence), { totalMs: PASS_MS }, clock);
  const keep = { cells: new Set(keptCells), databases: new Set(keptDatabases) };
  const { done: registered, held } = await carry(limited, { ...wanted, keep }, { signal });
  const done = [...registered, ...isLast ? await removePoolers(limited, wanted.root, { signal }) : []];
  const told = done.map(describe);
  for (const [kind, reason] of [["create", "TopoRegistered"], ["delete", "TopoCleanup"]] as const) {
    const names = done.filter(({ write }) => write.kind === kind).map(describe);
    if (names.length > 0) record({ type: "Normal", reason, message: `Topology: ${names.join(", ")}` });
  }
  for (const { cell, databases } of held) {
    const message = `Cell ${cell} stays in the topology as databases ${databases.join(", ")} still list it`;
    record({ type: "Warning", reason: "TopoCleanupFailed", message });
  }
  return told;
}

function describe({ record, name, write }: RecordStep): string {
  return `${write.kind} ${record} ${name}`;
}
