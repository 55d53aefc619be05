/** Passes that failed, by the object that they were about. */
import { Cells } from "../../api/multigres/cell.ts";
import { MultigresClusters } from "../../api/multigres/multigres_cluster.ts";
import { Shards } from "../../api/multigres/shard.ts";
import { TableGroups } from "../../api/multigres/table_group.ts";
import { TopoServers } from "../../api/multigres/topo_server.ts";
import type { Resource } from "../../kube/resource.ts";
import { keyOf, parseKey } from "../../kube/store.ts";
import type { ReconcileListener } from "../../telemetry/prometheus.ts";
import type { Sample, SampledMetric } from "../../telemetry/sampled.ts";
import type { Fleet } from "./fleet.ts";

/** By the name of the controller that keeps them. */
const KINDS: ReadonlyMap<string, Resource> = new Map<string, Resource>([
  ["multigrescluster", MultigresClusters.resource],
  ["tablegroup", TableGroups.resource],
  ["cell", Cells.resource],
  ["shard", Shards.resource],
  ["toposerver", TopoServers.resource],
]);

export class FailureTally {
  /** By controller and key. An object that never failed takes no room, and one that is gone none any more. */
  readonly #counts = new Map<string, Map<string, number>>();

  constructor(private readonly fleet: Fleet) {
    for (const [controller, resource] of KINDS) {
      const counts = new Map<string, number>();
      this.#counts.set(controller, counts);
      fleet.cache.store(resource).subscribe(({ type, object }) => {
        if (type === "deleted") counts.delete(keyOf(object.metadata));
      });
    }
  }

  /** Objects that are remembered. */
  get size(): number {
    return [...this.#counts.values()].reduce((sum, { size }) => sum + size, 0);
  }

  readonly note: ReconcileListener = (controller, result, _seconds, key) => {
    const resource = KINDS.get(controller);
    const counts = this.#counts.get(controller);
    if (result !== "error" || resource === undefined || counts === undefined) return;
    // A pass may end after its object is gone.
    if (this.fleet.cache.store(resource).get(key) === undefined) return;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  };

  metric(): SampledMetric {
    return {
      name: "multigres_operator_reconcile_errors_total",
      help: "Passes that failed, by controller and object; none for objects that never failed.",
      type: "counter",
      labelNames: ["controller", "name", "namespace"],
      samples: () => this.#samples(),
    };
  }

  *#samples(): Iterable<Sample> {
    for (const [controller, counts] of this.#counts) {
      for (const [key, value] of counts) {
        const { name, namespace = "" } = parseKey(key);
        yield { labels: { controller, name, namespace }, value };
      }
    }
  }
}
