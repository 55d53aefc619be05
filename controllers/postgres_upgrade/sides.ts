/** The two servers of an upgrade, and how each is reached: by the operator, and by the other one. */
import { clusterNames, serviceHost, upgradeNames } from "../../api/smoketurner/names.ts";
import { ports } from "../../api/smoketurner/ports.ts";
import { type Cluster, namespaceOf, tlsMode, tlsSecrets } from "../postgres_cluster/shape.ts";

export type SideName = "source" | "target";

/** A host and a port that lead to a server. */
export interface SqlPlace {
  readonly host: string;
  readonly port: number;
}

/** Where a Service of a namespace leads to; a test's servers are elsewhere. */
export type PlaceOf = (service: string, namespace: string) => SqlPlace;

export const placeOfService: PlaceOf = (service, namespace) => ({
  host: serviceHost(service, namespace),
  port: ports.postgresql.port,
});

/** One side. Everything in it is a name: nothing secret, so that it may be compared and logged. */
export interface Side {
  readonly side: SideName;
  readonly cluster: string;
  readonly namespace: string;
  readonly place: SqlPlace;
  /** Name that the server's certificate bears. */
  readonly serverName: string;
  /** Secret with the superuser's password. */
  readonly credentials: string;
  /** Secret with the authority of the certificate; absent without TLS. */
  readonly authority?: string;
}

/**
 * Name of the Service by which the upgrade itself reaches the primary of the source: it leads there whatever clients are
 * led to.
 */
export function sourceService(upgrade: string): string {
  return `${upgrade}-source`;
}

export function sourceSide(upgrade: string, cluster: Cluster, placeOf: PlaceOf): Side {
  return sideOf("source", sourceService(upgrade), cluster, placeOf);
}

/** The new cluster is reached by its own Service, which no cutover changes. */
export function targetSide(upgrade: string, cluster: Cluster, placeOf: PlaceOf): Side {
  const { primaryService } = clusterNames(upgradeNames(upgrade).targetCluster);
  return sideOf("target", primaryService, cluster, placeOf);
}

function sideOf(side: SideName, service: string, cluster: Cluster, placeOf: PlaceOf): Side {
  const names = clusterNames(cluster.metadata.name);
  const namespace = namespaceOf(cluster);
  return {
    side,
    cluster: cluster.metadata.name,
    namespace,
    place: placeOf(service, namespace),
    serverName: serviceHost(names.primaryService, namespace),
    credentials: names.credentialsSecret,
    ...(tlsMode(cluster) === "off" ? {} : { authority: tlsSecrets(cluster).members }),
  };
}
