/** The containers of a pool's pod. */
import { images } from "../../api/multigres/images.ts";
import { poolerServiceId, poolPodName } from "../../api/multigres/names.ts";
import { portNames, ports } from "../../api/multigres/ports.ts";
import { superuser } from "../../resolve/defaults.ts";
import { present } from "../../resolve/present.ts";
import type { InternalTlsParts } from "../components/internal_tls.ts";
import type { Container, EnvVar } from "../components/pod_parts.ts";
import { pullPolicy } from "../components/pod_placement.ts";
import { probes } from "../components/probes.ts";
import type { TelemetryParts } from "../components/telemetry_environment.ts";
import type { TopologyTls } from "../components/topology_tls.ts";
import type { BackupParts } from "./pod_backup.ts";
import { exporterSecurity, poolerSecurity, postgresSecurity } from "./pod_identity.ts";
import {
  dataMount,
  hbaMount,
  passwordMount,
  queriesMount,
  settingsMount,
  socketMount,
} from "./pod_volumes.ts";
import { containers, files, folders } from "./shape.ts";
import { poolPath, type PoolView, shardPath } from "./view.ts";

/** One instance, with what other parts add to its containers. */
export interface Instance {
  readonly pool: PoolView;
  readonly index: number;
  readonly backup: BackupParts;
  readonly tls: InternalTlsParts;
  readonly topology: TopologyTls;
  readonly telemetry: { readonly pgctld: TelemetryParts; readonly multipooler: TelemetryParts };
}

/** Connections of the pooler to PostgreSQL for clients, and for itself. Together they stay below max_connections (60). */
const POOLED_CONNECTIONS = 40;
const ADMIN_CONNECTIONS = 5;

/** After this long without a way to bring PostgreSQL up, the pooler asks to be quarantined; without the flag it never does. */
const UNRECOVERABLE_AFTER = "5m";

/** Health asks for the processes alone: PostgreSQL's is judged from what the poolers report. */
const alive = { startup: "/live", live: "/live", ready: "/live" } as const;

/**
 * PostgreSQL below its supervisor pgctld. It is a sidecar in Kubernetes' sense: such containers start before the others and
 * end after them, so that the pooler can hand over and stop PostgreSQL in good order.
 */
export function postgresContainer({ pool, backup, telemetry }: Instance): Container {
  const { initdbArgs, images: { postgres } } = pool.shard.owner.spec;
  return {
    name: containers.postgres,
    image: postgres,
    ...pullPolicy(pool.shard.owner.spec.images),
    restartPolicy: "Always",
    command: ["/usr/local/bin/pgctld"],
    args: pgctldFlags(pool, backup),
    env: [
      ...databaseVariables(pool),
      ...(initdbArgs === undefined || initdbArgs === ""
        ? []
        : [{ name: "POSTGRES_INITDB_ARGS", value: initdbArgs }]),
      { name: "POSTGRES_INITDB_EXTRA_CONF", value: `${folders.settings}/${files.settings}` },
      ...backup.env,
      ...telemetry.pgctld.env,
    ],
    ...present({ resources: pool.spec.postgres?.resources }),
    securityContext: postgresSecurity(pool),
    ...probes(ports.pgctld.http, alive),
    volumeMounts: [
      dataMount,
      backup.repositoryMount,
      socketMount,
      hbaMount,
      passwordMount,
      settingsMount,
      ...backup.certificateMounts,
      ...telemetry.pgctld.mounts,
    ],
  };
}

function pgctldFlags(pool: PoolView, backup: BackupParts): string[] {
  const { logLevels } = pool.shard.owner.spec;
  return [
    "server",
    `--pooler-dir=${folders.pooler}`,
    `--grpc-port=${ports.pgctld.grpc}`,
    `--pg-port=${ports.postgres}`,
    "--pg-listen-addresses=*",
    `--log-level=${logLevels?.pgctld ?? "info"}`,
    `--grpc-socket-file=${folders.pooler}/pgctld.sock`,
    `--pg-hba-template=${folders.hba}/${files.hba}`,
    `--http-port=${ports.pgctld.http}`,
    ...backup.serverFlags,
  ];
}

function databaseVariables(pool: PoolView): EnvVar[] {
  return [
    { name: "PGDATA", value: folders.data },
    { name: "POSTGRES_USER", value: superuserOf(pool) },
    { name: "POSTGRES_PASSWORD_FILE", value: `${folders.password}/${files.password}` },
  ];
}

function superuserOf({ shard }: PoolView): string {
  return shard.owner.spec.postgresSuperuser || superuser;
}

/** The pooler: it serves the gateways, and does what the orchestrators decide. */
export function poolerContainer(instance: Instance): Container {
  const { pool, backup, tls, topology, telemetry } = instance;
  const { images: given } = pool.shard.owner.spec;
  return {
    name: containers.multipooler,
    image: given.multipooler,
    ...pullPolicy(given),
    args: poolerFlags(instance),
    env: [...databaseVariables(pool), ...backup.env, ...topology.env, ...telemetry.multipooler.env],
    ports: [
      { name: portNames.http, containerPort: ports.multipooler.http, protocol: "TCP" },
      { name: portNames.grpc, containerPort: ports.multipooler.grpc, protocol: "TCP" },
      { name: portNames.postgres, containerPort: ports.postgres, protocol: "TCP" },
    ],
    ...present({ resources: pool.spec.multipooler?.resources }),
    securityContext: poolerSecurity(pool),
    ...probes(ports.multipooler.http, alive),
    volumeMounts: [
      dataMount,
      backup.repositoryMount,
      socketMount,
      passwordMount,
      ...backup.certificateMounts,
      ...backup.cipherMounts,
      ...tls.mounts,
      ...telemetry.multipooler.mounts,
      ...topology.mounts,
    ],
  };
}

function poolerFlags({ pool, index, backup, tls, topology }: Instance): string[] {
  const { globalTopoServer, logLevels } = pool.shard.owner.spec;
  const { database, tableGroup, shard } = shardPath(pool.shard);
  return [
    "multipooler",
    `--http-port=${ports.multipooler.http}`,
    `--grpc-port=${ports.multipooler.grpc}`,
    `--pooler-dir=${folders.pooler}`,
    `--socket-file=${folders.pooler}/pg_sockets/.s.PGSQL.${ports.postgres}`,
    "--service-map=grpc-pooler",
    `--topo-global-server-addresses=${globalTopoServer.address}`,
    `--topo-global-root=${globalTopoServer.rootPath}`,
    `--cell=${pool.cell}`,
    `--database=${database}`,
    `--table-group=${tableGroup}`,
    `--shard=${shard}`,
    `--service-id=${poolerServiceId(poolPodName(poolPath(pool), index))}`,
    `--pgctld-addr=localhost:${ports.pgctld.grpc}`,
    `--pg-port=${ports.postgres}`,
    `--connpool-global-capacity=${POOLED_CONNECTIONS}`,
    `--connpool-admin-capacity=${ADMIN_CONNECTIONS}`,
    `--log-level=${logLevels?.multipooler ?? "info"}`,
    ...backup.clientFlags,
    ...tls.args,
    `--postgres-unrecoverable-timeout=${UNRECOVERABLE_AFTER}`,
    ...topology.args,
  ];
}

/** Both bounds keep a scrape from waiting on a server that does not answer: seconds to connect, then for each query. */
const EXPORTER_URI = `localhost:${ports.postgres}/postgres?sslmode=disable&connect_timeout=5` +
  `&options=${encodeURIComponent("-c statement_timeout=8s")}`;

/** Metrics of PostgreSQL for Prometheus. Nothing depends on it, so nobody asks for its health. */
export function exporterContainer({ pool }: Instance): Container {
  return {
    name: containers.exporter,
    image: images.postgresExporter,
    ...pullPolicy(pool.shard.owner.spec.images),
    args: [
      `--web.listen-address=:${ports.postgresExporter}`,
      `--extend.query-path=${folders.queries}/${files.queries}`,
    ],
    env: [
      { name: "DATA_SOURCE_URI", value: EXPORTER_URI },
      { name: "DATA_SOURCE_USER", value: superuserOf(pool) },
      { name: "DATA_SOURCE_PASS_FILE", value: `${folders.password}/${files.password}` },
    ],
    ports: [{ name: portNames.metrics, containerPort: ports.postgresExporter, protocol: "TCP" }],
    securityContext: exporterSecurity(),
    volumeMounts: [passwordMount, queriesMount],
  };
}
