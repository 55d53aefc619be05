/** Ports of the data plane. The operator passes them as flags; those that it cannot choose are marked. */
export const ports = {
  pgctld: { http: 15400, grpc: 15470 },
  multipooler: { http: 15200, grpc: 15270 },
  multiorch: { http: 15300, grpc: 15370 },
  /** `postgresReplica` serves reads from standbys. */
  multigateway: { http: 15100, grpc: 15170, postgres: 5432, postgresReplica: 5433 },
  multiadmin: { http: 18000, grpc: 18070 },
  multiadminWeb: { http: 18100 },
  postgres: 5432,
  /** The TLS server of pgBackRest in each pod of a pool; binds all addresses. Fixed. */
  pgbackrest: 8432,
  postgresExporter: 9187,
  etcd: { client: 2379, peer: 2380, metrics: 2381 },
} as const;

/** Names of container and Service ports. */
export const portNames = {
  http: "http",
  grpc: "grpc",
  postgres: "postgres",
  postgresReplica: "pg-replica",
  metrics: "metrics",
  etcdClient: "client",
  etcdPeer: "peer",
} as const;
