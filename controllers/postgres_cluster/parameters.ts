/** Server settings of a cluster. */
import type { PostgresCluster } from "../../api/smoketurner/postgres_cluster.ts";
import { effectiveParameters } from "../../postgres/patroni/settings.ts";

/** What the servers run with. Without archiving the log stays with the members, unless their user says otherwise. */
export function parametersOf({ spec }: PostgresCluster): Readonly<Record<string, string>> {
  const archiving = spec.backup?.walArchiving?.enabled ?? true;
  return effectiveParameters({ ...(archiving ? {} : { archive_mode: "off" }), ...spec.postgresqlParams });
}
