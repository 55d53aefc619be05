/** What is asked for by one PostgresDatabase, in a form that can be compared. */
import { annotations } from "../../api/smoketurner/annotations.ts";
import { clusterNames, serviceHost } from "../../api/smoketurner/names.ts";
import type { PostgresCluster } from "../../api/smoketurner/postgres_cluster.ts";
import type { PostgresDatabaseSpec } from "../../api/smoketurner/postgres_database/spec.ts";
import { tlsMode, tlsSecrets } from "../postgres_cluster/shape.ts";
import { type Database, placeOf } from "./kinds.ts";
import type { Mark } from "./marks.ts";

/** Where the server is, and what proves that it is the one. */
export interface Place {
  readonly namespace: string;
  readonly cluster: string;
  /** Host name of the primary's Service. */
  readonly host: string;
  /** Secret with the superuser's password. */
  readonly credentials: string;
  /** Secret with the authority of the server's certificate; absent without TLS. */
  readonly authority?: string;
}

export interface Order {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly place: Place;
  readonly spec: Pick<PostgresDatabaseSpec, "database" | "roles" | "grants" | "extensions">;
  /** Whether what exists and belongs to nobody may be taken over. */
  readonly adopts: boolean;
}

export function orderOf(database: Database, cluster: PostgresCluster): Order {
  const { database: wanted, roles, grants, extensions } = database.spec;
  return {
    ...placeOf(database),
    uid: database.metadata.uid,
    place: serverOf(cluster),
    spec: {
      database: wanted,
      ...(roles === undefined ? {} : { roles }),
      ...(grants === undefined ? {} : { grants }),
      ...(extensions === undefined ? {} : { extensions }),
    },
    adopts: database.metadata.annotations?.[annotations.adoptExisting] === "true",
  };
}

/** Everything about the server is the cluster's, in the cluster's namespace, wherever the database object is. */
function serverOf(cluster: PostgresCluster): Place {
  const { name, namespace } = placeOf(cluster);
  const names = clusterNames(name);
  return {
    namespace,
    cluster: name,
    host: serviceHost(names.primaryService, namespace),
    credentials: names.credentialsSecret,
    ...(tlsMode(cluster) === "off" ? {} : { authority: tlsSecrets(cluster).members }),
  };
}

/** The mark of what belongs to an order. */
export function markFor({ namespace, name, uid }: Order, made: boolean): Mark {
  return { namespace, name, uid, made };
}

/** Roles that the spec names with credentials, and the owner. */
export function wantedRoleNames({ database, roles = [] }: Order["spec"]): string[] {
  return [...new Set([database.owner, ...roles.map(({ name }) => name)])];
}
