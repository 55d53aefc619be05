/** The exporter beside PostgreSQL in each member: what it measures is read over loopback. */
import type { PostgresCluster } from "../../api/smoketurner/postgres_cluster.ts";
import { ports } from "../../api/smoketurner/ports.ts";
import { credentialKeys } from "../../api/smoketurner/secret_keys.ts";
import { type Container, fromSecret, plain } from "./environment.ts";
import { EXPORTER_IMAGE } from "./images.ts";
import { namesOf, tlsMode } from "./shape.ts";

/** Requests are limits, so that the exporter is in the way of no quality of service that the user chose. */
const AMOUNTS = { cpu: "50m", memory: "64Mi" };

/** Port of the exporter; undefined where none is wanted. */
export function exporterPort({ spec: { metrics } }: PostgresCluster): number | undefined {
  return metrics?.enabled ? metrics.port : undefined;
}

/** The container, where one is wanted. */
export function exporterContainers(cluster: PostgresCluster): Container[] {
  const port = exporterPort(cluster);
  if (port === undefined) return [];
  const { credentialsSecret } = namesOf(cluster);
  // The server's certificate bears the names of Services, not that of loopback.
  const tls = tlsMode(cluster) === "off" ? "disable" : "require";
  return [{
    name: "exporter",
    image: EXPORTER_IMAGE,
    imagePullPolicy: "IfNotPresent",
    env: [
      plain("DATA_SOURCE_URI", `127.0.0.1:${ports.postgresql.port}/postgres?sslmode=${tls}`),
      plain("DATA_SOURCE_USER", "postgres"),
      fromSecret("DATA_SOURCE_PASS", credentialsSecret, credentialKeys.superuserPassword),
      plain("PG_EXPORTER_WEB_LISTEN_ADDRESS", `:${port}`),
    ],
    ports: [{ name: ports.metrics.name, containerPort: port, protocol: "TCP" }],
    resources: { requests: { ...AMOUNTS }, limits: { ...AMOUNTS } },
    securityContext: {
      runAsNonRoot: true,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
  }];
}
