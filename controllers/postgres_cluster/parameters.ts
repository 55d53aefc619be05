/** Server settings of a cluster. */
import type { PostgresCluster } from "../../api/smoketurner/postgres_cluster.ts";
import { effectiveParameters } from "../../postgres/patroni/settings.ts";
import { archiveParameters } from "./pgbackrest.ts";

/** What the servers run with. Without archiving the log stays with the members, unless their user says otherwise. */
export function parametersOf(cluster: PostgresCluster): Readonly<Record<string, string>> {
  const { spec } = cluster;
  const archiving = spec.backup?.walArchiving?.enabled ?? true;
  return effectiveParameters({
    ...(archiving ? archiveParameters(cluster) : { archive_mode: "off" }),
    ...spec.postgresqlParams,
  });
}
