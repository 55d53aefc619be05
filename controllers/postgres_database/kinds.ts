/** The kinds that a PostgresDatabase has to do with, as the Patroni family sees and writes them. */
import { PostgresClusters } from "../../api/smoketurner/postgres_cluster.ts";
import { type PostgresDatabase, PostgresDatabases } from "../../api/smoketurner/postgres_database.ts";
import type { Stored } from "../../kube/types.ts";

/** A database as the API server has it. */
export type Database = PostgresDatabase & Stored;

export const Databases = PostgresDatabases.resource;
/** Read only, so the store is the one that their own controller keeps. */
export const Clusters = PostgresClusters.resource;

/** A namespaced object's key. */
export function placeOf(
  { metadata }: { readonly metadata: { readonly name: string; readonly namespace?: string } },
) {
  return { name: metadata.name, namespace: metadata.namespace ?? "default" };
}
