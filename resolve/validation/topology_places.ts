/**
 * Where clusters keep their records in topology servers that run elsewhere. Everything at a place belongs to one cluster: of
 * two, each would remove the cells and databases of the other, and orchestrators would take instances of both for one shard.
 */
import { posix } from "node:path";
import type { MultigresClusterSpec } from "../../api/multigres/multigres_cluster.ts";
import type { ExternalTopoServerSpec } from "../../api/multigres/topology.ts";
import { globalRootPath, localRootPath } from "../defaults.ts";
import { caution, failure, type Finding } from "./finding.ts";

/** A prefix of keys in a topology server. */
export interface TopologyPlace {
  /** Field that names the server, such as `spec.globalTopoServer.external`. */
  readonly path: string;
  /** Host and port of each endpoint. */
  readonly servers: readonly string[];
  /** Without a slash at its end. */
  readonly root: string;
}

/** What a cluster has in topology servers that run elsewhere. */
export interface TopologyUse {
  readonly places: readonly TopologyPlace[];
  /** Whether it removes records that it does not want. */
  readonly prunes: boolean;
}

/** Another cluster, in a place that is asked for. */
export interface TopologyNeighbour {
  /** Namespace and name, such as `shop/orders`. */
  readonly cluster: string;
  readonly prunes: boolean;
}

export type NeighboursAt = (place: TopologyPlace) => readonly TopologyNeighbour[];

type TopologyFields = Pick<MultigresClusterSpec, "globalTopoServer" | "cells" | "topologyPruning">;

/** Those that the spec itself names: servers that a CellTemplate gives are not looked at. */
export function topologyUseOf(
  { globalTopoServer, cells = [], topologyPruning }: TopologyFields,
): TopologyUse {
  const local = cells.flatMap(({ name, spec }, index) =>
    placeOf(
      `spec.cells[${index}].spec.localTopoServer.external`,
      spec?.localTopoServer?.external,
      localRootPath(name),
    )
  );
  const global = placeOf("spec.globalTopoServer.external", globalTopoServer?.external, globalRootPath);
  return { places: [...global, ...local], prunes: topologyPruning?.enabled ?? true };
}

function placeOf(path: string, server: ExternalTopoServerSpec | undefined, root: string): TopologyPlace[] {
  if (server === undefined) return [];
  return [{ path, servers: server.endpoints.map(hostOf), root: withoutSlash(server.rootPath ?? root) }];
}

/** Keys are joined to a root, whether it ends in a slash or not. */
function withoutSlash(root: string): string {
  return posix.join(root, "/").slice(0, -1);
}

function hostOf(endpoint: string): string {
  return URL.parse(endpoint)?.host ?? endpoint;
}

/** Whether records of the two would lie beside each other. Endpoints of one etcd may be named in part. */
export function isSamePlace(one: TopologyPlace, other: TopologyPlace): boolean {
  return one.root === other.root && one.servers.some((server) => other.servers.includes(server));
}

/** Where records may stay, as nobody removes any, the user is told to keep names apart. */
export function neighbourFindings({ places, prunes }: TopologyUse, neighboursAt: NeighboursAt): Finding[] {
  return places.flatMap((place) => {
    const neighbours = neighboursAt(place);
    const [first] = neighbours;
    if (first === undefined) return [];
    const { path, root } = place;
    const field = `${path}.rootPath`;
    if (!prunes && neighbours.every((neighbour) => !neighbour.prunes)) {
      const message =
        `${field} is ${root}, where MultigresCluster ${first.cluster} has its records too: nothing of it is ` +
        "pruned, but databases of the same name would be taken for one. Use a root path of its own.";
      return [caution("TopologyIsOwn", field, message)];
    }
    const message =
      `Cannot keep the topology at ${root} (${field}) as MultigresCluster ${first.cluster} has its records ` +
      "there, and one would remove those of the other. Use a root path that no other cluster has.";
    return [failure("TopologyIsOwn", field, message)];
  });
}
