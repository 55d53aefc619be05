/** Patroni's configuration as one document for people to read: the members get theirs by environment variables. */
import { yaml } from "./yaml.ts";

export interface DocumentedCluster {
  readonly name: string;
  readonly namespace: string;
  readonly scopeLabel: string;
  readonly roleLabel: string;
  /** Labels by which Patroni finds the members. */
  readonly labels: Readonly<Record<string, string>>;
  readonly parameters: Readonly<Record<string, string>>;
  /** Where a member's database is. */
  readonly dataFolder: string;
}

/** Seconds that a leader keeps its office without renewing it, between two looks, and for retries. */
export const PATRONI_TIMES = { ttl: 30, loop_wait: 10, retry_timeout: 10 } as const;

/** A standby further behind than this many bytes (32 MiB) is not promoted. */
export const MAXIMUM_LAG_ON_FAILOVER = 33_554_432;

/** Text of `patroni.yml`. Passwords and addresses stand as the names of the variables that hold them. */
export function patroniDocument(cluster: DocumentedCluster): string {
  const { name, namespace, scopeLabel, roleLabel, labels, parameters, dataFolder } = cluster;
  return yaml({
    scope: name,
    namespace,
    kubernetes: { use_endpoints: true, scope_label: scopeLabel, role_label: roleLabel, labels },
    bootstrap: {
      dcs: {
        ...PATRONI_TIMES,
        maximum_lag_on_failover: MAXIMUM_LAG_ON_FAILOVER,
        postgresql: { use_pg_rewind: true, use_slots: true, parameters },
      },
      initdb: [{ encoding: "UTF8" }, "data-checksums"],
      pg_hba: [
        "local all all trust",
        "host all all 127.0.0.1/32 scram-sha-256",
        "host all all ::1/128 scram-sha-256",
        "host replication standby samenet scram-sha-256",
        "host all all samenet scram-sha-256",
      ],
    },
    postgresql: {
      listen: "0.0.0.0:5432",
      connect_address: "$(POD_IP):5432",
      data_dir: dataFolder,
      pgpass: "/tmp/pgpass",
      authentication: {
        superuser: { username: "postgres", password: "$(POSTGRES_PASSWORD)" },
        replication: { username: "standby", password: "$(REPLICATION_PASSWORD)" },
      },
      parameters,
    },
    restapi: { listen: "0.0.0.0:8008", connect_address: "$(POD_IP):8008" },
    tags: { nofailover: false, noloadbalance: false, clonefrom: false, nosync: false },
  });
}
