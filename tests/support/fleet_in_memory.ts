/** A cache that objects are put into by hand, and the metrics that are worked out from it. No request is ever sent. */
import { Cells } from "../../api/multigres/cell.ts";
import { MultigresClusters } from "../../api/multigres/multigres_cluster.ts";
import { Shards } from "../../api/multigres/shard.ts";
import { TableGroups } from "../../api/multigres/table_group.ts";
import { TopoServers } from "../../api/multigres/topo_server.ts";
import { PostgresClusters } from "../../api/smoketurner/postgres_cluster.ts";
import { DriftBoard } from "../../controllers/fleet_metrics/drift_board.ts";
import { type FleetMemory, registerFleetMetrics } from "../../controllers/fleet_metrics/register.ts";
import { Cache } from "../../kube/cache.ts";
import { KubeClient } from "../../kube/client.ts";
import { Pods, StatefulSets } from "../../kube/kinds.ts";
import { ManualClock } from "../../kube/manual_clock.ts";
import { seededRandom } from "../../kube/random.ts";
import { apiVersionOf, type Resource } from "../../kube/resource.ts";
import { keyOf } from "../../kube/store.ts";
import { type Transport, TransportError } from "../../kube/transport.ts";
import type { KubeObject } from "../../kube/types.ts";
import { silentLogger } from "../../telemetry/log.ts";
import { silentMetrics } from "../../telemetry/metrics.ts";
import { createMetrics, type PrometheusMetrics } from "../../telemetry/prometheus.ts";

const nowhere: Transport = {
  request: () => Promise.reject(new TransportError("unreachable", "There is no API server")),
  stream: () => Promise.reject(new TransportError("unreachable", "There is no API server")),
  close: () => {},
};

type Json = Readonly<Record<string, unknown>>;

export interface InMemoryFleet {
  readonly cache: Cache;
  readonly metrics: PrometheusMetrics;
  readonly memory: FleetMemory;
  readonly drifts: DriftBoard;
  readonly clock: ManualClock;
  /** Whether this process leads. */
  leading: boolean;
  /** Puts an object, or a newer version of it, as a watch would. It is in namespace `shop`. */
  put(resource: Resource, name: string, parts?: Json, metadata?: Partial<KubeObject["metadata"]>): void;
  remove(resource: Resource, name: string, namespace?: string): void;
  /** Samples of the page that begin with `name`. */
  scrape(name: string): Promise<string[]>;
}

const watched: readonly Resource[] = [
  MultigresClusters.resource,
  TableGroups.resource,
  Cells.resource,
  Shards.resource,
  TopoServers.resource,
  PostgresClusters.resource,
  Pods,
  StatefulSets,
];

export function fleetInMemory(): InMemoryFleet {
  const clock = new ManualClock();
  const client = new KubeClient({ transport: nowhere, clock, metrics: silentMetrics, fieldManager: "m" });
  const shared = { clock, random: seededRandom(1), log: silentLogger, metrics: silentMetrics };
  const cache = new Cache({ client, ...shared });
  for (const resource of watched) cache.watch({ resource });
  const metrics = createMetrics({ version: "1", leaseName: "lease", processMetrics: false });
  const drifts = new DriftBoard();
  let version = 1;
  const fleet = {
    cache,
    metrics,
    drifts,
    clock,
    leading: true,
    put(resource: Resource, name: string, parts: Json = {}, metadata: Partial<KubeObject["metadata"]> = {}) {
      const stamps = { name, namespace: "shop", uid: `uid-${name}`, resourceVersion: String(version++) };
      cache.store(resource).put({
        apiVersion: apiVersionOf(resource),
        kind: resource.kind,
        metadata: { ...stamps, ...metadata },
        ...parts,
      });
    },
    remove(resource: Resource, name: string, namespace = "shop") {
      cache.store(resource).remove(keyOf({ namespace, name }));
    },
    async scrape(name: string) {
      return (await metrics.render()).split("\n").filter((line) => line.startsWith(name));
    },
  };
  const memory = registerFleetMetrics({
    metrics,
    drifts,
    cache,
    now: () => clock.now(),
    leading: () => fleet.leading,
  });
  return Object.assign(fleet, { memory });
}
