/** The orchestrators of a shard: they bring it up, and see to it that it has a primary. */
import { internalCertificateHashAnnotation } from "../../api/multigres/annotations.ts";
import { cellLabel, componentLabel, selectorLabels } from "../../api/multigres/labels.ts";
import { orchestratorDeploymentName, orchestratorServiceId } from "../../api/multigres/names.ts";
import { portNames, ports } from "../../api/multigres/ports.ts";
import type { Applied } from "../../kube/client.ts";
import type { Deployment, Pod } from "../../kube/kinds.ts";
import type { Frozen } from "../../kube/types.ts";
import { statelessReplicas } from "../../resolve/defaults.ts";
import type { Orchestrator } from "../../topology/records/claims.ts";
import { internalTls } from "../components/internal_tls.ts";
import { podMetadata, withAnnotations } from "../components/pod_metadata.ts";
import type { Container, EnvVar, PodSpec } from "../components/pod_parts.ts";
import { podPlacement, pullPolicy, pullSecrets } from "../components/pod_placement.ts";
import { probes } from "../components/probes.ts";
import { telemetryEnvironment } from "../components/telemetry_environment.ts";
import { topologyTls } from "../components/topology_tls.ts";
import { folders, volumes } from "./shape.ts";
import {
  childMetadata,
  namespaceOf,
  orchestratorCells,
  orchestratorLabels,
  shardPath,
  type ShardView,
} from "./view.ts";

const COMPONENT = "multiorch";
const POD_NAME_PATH = "metadata.name";

function replicasOf({ owner }: ShardView): number {
  return owner.spec.multiorch.replicas ?? statelessReplicas;
}

/**
 * The orchestrators that a shard has or can have. A claim to bootstrap the shard that none of them wrote was written by one
 * that does not come back.
 *
 * | replicas  | ID                                  | when the pod is made anew         |
 * | --------- | ----------------------------------- | --------------------------------- |
 * | 1         | of shard and cell, by flag          | it goes on with its own claim     |
 * | more      | name of the pod, by `MT_SERVICE_ID` | its claim is stranded, and known  |
 *
 * Two processes with one ID could both be promised the same term, so pods of one template cannot share one. A container
 * that restarts in its pod keeps its ID either way.
 * @param pods of the orchestrators of the shard, any cell. Before a claim is removed they must be read live: one that was
 *   made a moment ago may be the claim's writer.
 */
export function desiredOrchestrators(
  shard: ShardView,
  pods: readonly Frozen<Pod>[],
): Orchestrator[] {
  const stable = replicasOf(shard) === 1 ? orchestratorCells(shard) : [];
  const path = shardPath(shard);
  const running = pods.filter(({ metadata }) => metadata.labels?.[componentLabel] === COMPONENT);
  return [
    ...stable.map((cell) => ({ cell, serviceId: orchestratorServiceId(path, cell) })),
    ...running.flatMap(({ metadata }) => {
      const cell = metadata.labels?.[cellLabel];
      return cell === undefined ? [] : [{ cell, serviceId: metadata.name }];
    }),
  ];
}

export function desiredOrchestrator(shard: ShardView, cell: string): Applied<Deployment> {
  const labels = orchestratorLabels(shard, cell);
  const replicas = replicasOf(shard);
  return {
    metadata: childMetadata(shard, orchestratorDeploymentName(shardPath(shard), cell), labels),
    spec: {
      replicas,
      selector: { matchLabels: selectorLabels(labels) },
      // The only pod goes before the next one comes, as both have the same ID.
      ...(replicas > 1
        ? {}
        : { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } } }),
      template: {
        metadata: withAnnotations(
          podMetadata(shard.owner.spec.multiorch, { labels, project: shard.project }),
          { [internalCertificateHashAnnotation]: shard.orchestratorCertificate },
        ),
        spec: podSpec(shard, cell),
      },
    },
  };
}

/** What several parts of the pod add to its container and volumes. */
function additions(shard: ShardView) {
  const { internalTLS, observability, globalTopoServer } = shard.owner.spec;
  const { cluster, project, telemetry } = shard;
  return {
    tls: internalTls(internalTLS, {
      component: COMPONENT,
      cluster,
      namespace: namespaceOf(shard),
      mountPath: folders.internalTls,
      volume: volumes.internalTls,
      poolerClient: true,
    }),
    topology: topologyTls(globalTopoServer),
    otel: telemetryEnvironment({
      observability,
      operator: telemetry,
      identity: { project, cluster, component: COMPONENT },
    }),
  };
}

function podSpec(shard: ShardView, cell: string): PodSpec {
  const { images, multiorch, cellTopologyLabels } = shard.owner.spec;
  const added = additions(shard);
  const mounted = [...added.tls.volumes, ...added.otel.volumes, ...added.topology.volumes];
  return {
    ...pullSecrets(images),
    ...podPlacement({ ...multiorch, nodeSelector: cellTopologyLabels?.[cell] }),
    containers: [container(shard, cell, added)],
    ...(mounted.length === 0 ? {} : { volumes: mounted }),
  };
}

/** Starting asks for life only: without the topology it is not ready, but a restart would not bring the topology back. */
function container(shard: ShardView, cell: string, added: ReturnType<typeof additions>): Container {
  const { images, multiorch: { resources } } = shard.owner.spec;
  const env = [...identityVariable(shard), ...added.topology.env, ...added.otel.env];
  const mounts = [...added.tls.mounts, ...added.otel.mounts, ...added.topology.mounts];
  return {
    name: COMPONENT,
    image: images.multiorch,
    ...pullPolicy(images),
    args: [...flags(shard, cell), ...added.tls.args, ...added.topology.args],
    ports: [
      { name: portNames.http, containerPort: ports.multiorch.http, protocol: "TCP" },
      { name: portNames.grpc, containerPort: ports.multiorch.grpc, protocol: "TCP" },
    ],
    ...probes(ports.multiorch.http, { startup: "/live", live: "/live", ready: "/ready" }),
    ...(env.length === 0 ? {} : { env }),
    ...(resources === undefined ? {} : { resources }),
    ...(mounts.length === 0 ? {} : { volumeMounts: mounts }),
  };
}

function flags(shard: ShardView, cell: string): string[] {
  const { globalTopoServer, logLevels } = shard.owner.spec;
  const path = shardPath(shard);
  return [
    "multiorch",
    `--http-port=${ports.multiorch.http}`,
    `--grpc-port=${ports.multiorch.grpc}`,
    `--topo-global-server-addresses=${globalTopoServer.address}`,
    `--topo-global-root=${globalTopoServer.rootPath}`,
    `--cell=${cell}`,
    `--watch-targets=${path.database}/${path.tableGroup}/${path.shard}`,
    `--log-level=${logLevels?.multiorch ?? "info"}`,
    ...(replicasOf(shard) > 1 ? [] : [`--service-id=${orchestratorServiceId(path, cell)}`]),
  ];
}

function identityVariable(shard: ShardView): EnvVar[] {
  if (replicasOf(shard) <= 1) return [];
  return [{ name: "MT_SERVICE_ID", valueFrom: { fieldRef: { fieldPath: POD_NAME_PATH } } }];
}
