/** The Deployment of a cell's gateways. */
import type { Cell } from "../../api/multigres/cell.ts";
import {
  certificateHashAnnotation,
  internalCertificateHashAnnotation,
} from "../../api/multigres/annotations.ts";
import { publicCertificateSecretName } from "../../api/multigres/certificate_names.ts";
import { selectorLabels } from "../../api/multigres/labels.ts";
import { portNames, ports } from "../../api/multigres/ports.ts";
import type { Applied } from "../../kube/client.ts";
import type { Deployment } from "../../kube/kinds.ts";
import type { Stored } from "../../kube/types.ts";
import { internalTls } from "../components/internal_tls.ts";
import { podMetadata, projectOf, withAnnotations } from "../components/pod_metadata.ts";
import type { Container, EnvVar, Volume, VolumeMount } from "../components/pod_parts.ts";
import { cellNodeSelector, podPlacement, pullPolicy, pullSecrets } from "../components/pod_placement.ts";
import { probes } from "../components/probes.ts";
import { type OperatorTelemetry, telemetryEnvironment } from "../components/telemetry_environment.ts";
import { topologyTls } from "../components/topology_tls.ts";
import { gatewayArguments } from "./gateway_arguments.ts";
import { childMetadata, clusterOf, GATEWAY, gatewayLabels, gatewayName, gatewayReplicas } from "./shape.ts";

const PUBLIC_TLS_VOLUME = "tls-certs";
const PUBLIC_TLS_FOLDER = "/etc/multigateway/tls";
const INTERNAL_TLS_VOLUME = "tls-certs-internal";
const INTERNAL_TLS_FOLDER = "/etc/multigateway/tls-internal";

/**
 * A gateway is ready once it knows a pooler, which may take as long as a restore. So only readiness asks for that: were
 * the start-up probe to ask as well, the kubelet would restart gateways again and again for no fault of theirs.
 */
const healthPaths = { startup: "/live", live: "/live", ready: "/ready" } as const;

/** One thing that a gateway is given besides its settings. */
interface Equipment {
  readonly args?: readonly string[];
  readonly env?: readonly EnvVar[];
  readonly volumes: readonly Volume[];
  readonly mounts: readonly VolumeMount[];
}

/** What a gateway depends on besides its cell. */
export interface GatewaySurroundings {
  /** The operator's own telemetry variables, which hold where the cluster does not say. */
  readonly operator: OperatorTelemetry;
  /** Tells versions of the certificate from each other that it shows to clients: another one takes another pod. */
  readonly certificate?: string | undefined;
  /** The same for the certificate by which it proves itself to other components. */
  readonly internalCertificate?: string | undefined;
}

export function desiredGatewayDeployment(
  cell: Cell & Stored,
  { operator, certificate, internalCertificate }: GatewaySurroundings,
): Applied<Deployment> {
  const { images, multigateway, multigatewayPlacement } = cell.spec;
  const labels = gatewayLabels(cell);
  const equipment = equipmentOf(cell, operator);
  const volumes = equipment.flatMap((each) => each.volumes);
  return {
    metadata: childMetadata(cell, gatewayName(cell), labels),
    spec: {
      replicas: gatewayReplicas(cell),
      selector: { matchLabels: selectorLabels(labels) },
      template: {
        metadata: withAnnotations(
          podMetadata(multigateway, { labels, project: projectOf(cell, clusterOf(cell)) }),
          {
            [certificateHashAnnotation]: certificate,
            [internalCertificateHashAnnotation]: internalCertificate,
          },
        ),
        spec: {
          containers: [gatewayContainer(cell, equipment)],
          ...(volumes.length === 0 ? {} : { volumes }),
          ...podPlacement({
            nodeSelector: cellNodeSelector(cell.spec),
            affinity: multigateway.affinity,
            placement: multigatewayPlacement,
          }),
          ...pullSecrets(images),
        },
      },
    },
  };
}

function gatewayContainer(cell: Cell, equipment: readonly Equipment[]): Container {
  const { images, multigateway: { resources } } = cell.spec;
  const env = equipment.flatMap((each) => each.env ?? []);
  const mounts = equipment.flatMap((each) => each.mounts);
  const { http, grpc, postgres, postgresReplica } = ports.multigateway;
  return {
    name: GATEWAY,
    image: images.multigateway,
    ...pullPolicy(images),
    args: [...gatewayArguments(cell.spec), ...equipment.flatMap((each) => each.args ?? [])],
    ports: [
      port(portNames.http, http),
      port(portNames.grpc, grpc),
      port(portNames.postgres, postgres),
      port(portNames.postgresReplica, postgresReplica),
    ],
    ...probes(http, healthPaths),
    ...(env.length === 0 ? {} : { env }),
    ...(mounts.length === 0 ? {} : { volumeMounts: mounts }),
    ...(resources === undefined ? {} : { resources }),
  };
}

function port(name: string, containerPort: number) {
  return { name, containerPort, protocol: "TCP" };
}

function equipmentOf(cell: Cell, operator: OperatorTelemetry): Equipment[] {
  const { globalTopoServer, internalTLS, observability } = cell.spec;
  const { namespace = "default" } = cell.metadata;
  const cluster = clusterOf(cell);
  return [
    internalTls(internalTLS, {
      component: GATEWAY,
      cluster,
      namespace,
      mountPath: INTERNAL_TLS_FOLDER,
      volume: INTERNAL_TLS_VOLUME,
      poolerClient: true,
    }),
    publicTls(cell),
    topologyTls(globalTopoServer),
    telemetryEnvironment({
      observability,
      operator,
      identity: { project: projectOf(cell, cluster), cluster, component: GATEWAY },
    }),
  ];
}

/**
 * TLS towards clients. The kubelet brings a renewed certificate into the volume, but the gateway reads both files once,
 * when it starts: a running one shows the former certificate until its pod is replaced.
 */
function publicTls(cell: Cell): Equipment {
  const { certCommonName = "" } = cell.spec;
  if (certCommonName === "") return { volumes: [], mounts: [] };
  const secretName = publicCertificateSecretName(clusterOf(cell));
  return {
    args: [
      ...["--pg-tls-cert-file", `${PUBLIC_TLS_FOLDER}/tls.crt`],
      ...["--pg-tls-key-file", `${PUBLIC_TLS_FOLDER}/tls.key`],
    ],
    // Readable for all in the container, as images run as different users.
    volumes: [{ name: PUBLIC_TLS_VOLUME, secret: { secretName, defaultMode: 0o444 } }],
    mounts: [{ name: PUBLIC_TLS_VOLUME, mountPath: PUBLIC_TLS_FOLDER, readOnly: true }],
  };
}
