/** TCP ports of the Patroni family: the port's name in containers and Services, and its number. */

export interface NamedPort {
  readonly name: string;
  readonly port: number;
}

export const ports = {
  postgresql: { name: "postgresql", port: 5432 },
  /** Patroni's REST API: health for the kubelet, roles and lag for the operator. */
  patroni: { name: "patroni", port: 8008 },
  pgbouncer: { name: "pgbouncer", port: 6432 },
  /** Where `spec.metrics.port` points unless it says otherwise. */
  metrics: { name: "metrics", port: 9187 },
} as const satisfies Readonly<Record<string, NamedPort>>;
