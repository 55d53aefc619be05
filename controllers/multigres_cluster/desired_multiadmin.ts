/** The admin API of a cluster: Deployment and Service. */
import { selectorLabels } from "../../api/multigres/labels.ts";
import { multiadminName } from "../../api/multigres/names.ts";
import type { LogLevel } from "../../api/multigres/observability.ts";
import { portNames, ports } from "../../api/multigres/ports.ts";
import type { GlobalTopoServerRef } from "../../api/multigres/topology.ts";
import type { Applied } from "../../kube/client.ts";
import type { Deployment, Service } from "../../kube/kinds.ts";
import { globalTopoServerReference } from "../../resolve/child_specs.ts";
import { internalTls } from "../components/internal_tls.ts";
import { probes } from "../components/probes.ts";
import { telemetryEnvironment } from "../components/telemetry_environment.ts";
import { topologyTls } from "../components/topology_tls.ts";
import { adminDeployment } from "./desired_admin_deployment.ts";
import { childMetadata, labelsOf } from "./desired_metadata.ts";
import type { ClusterView } from "./view.ts";

const COMPONENT = "multiadmin";
const { http, grpc } = ports.multiadmin;

/** Ready as soon as it serves: it asks topology and poolers only when it is asked itself. */
const healthPaths = { startup: "/ready", live: "/live", ready: "/ready" } as const;

export function desiredMultiadminDeployment(view: ClusterView): Applied<Deployment> {
  const { parent, telemetry } = view;
  const { globalTopoServer, multiadmin, settings } = parent.cluster;
  const topology = globalTopoServerReference(parent, globalTopoServer);
  const topologyParts = topologyTls(topology);
  const tlsParts = internalTls(settings.internalTLS, {
    component: COMPONENT,
    cluster: parent.name,
    namespace: parent.namespace,
    mountPath: "/etc/multiadmin/tls",
    volume: "tls-certs",
    poolerClient: true,
  });
  const telemetryParts = telemetryEnvironment({ observability: settings.observability, operator: telemetry });
  const parts = [tlsParts, topologyParts, telemetryParts];
  const env = [...telemetryParts.env, ...topologyParts.env];
  const mounts = parts.flatMap((part) => part.mounts);
  return adminDeployment(view, {
    name: multiadminName(parent.name),
    component: COMPONENT,
    admin: multiadmin,
    container: {
      name: COMPONENT,
      image: parent.images.multiadmin,
      command: ["/multigres/bin/multiadmin"],
      args: [
        ...ownArguments(topology, settings.logLevels.multiadmin),
        ...topologyParts.args,
        ...tlsParts.args,
      ],
      ports: [
        { name: portNames.http, containerPort: http, protocol: "TCP" },
        { name: portNames.grpc, containerPort: grpc, protocol: "TCP" },
      ],
      ...probes(http, healthPaths),
      ...(env.length === 0 ? {} : { env }),
      ...(mounts.length === 0 ? {} : { volumeMounts: mounts }),
    },
    volumes: parts.flatMap((part) => part.volumes),
    certificate: view.adminCertificate,
  });
}

/** `grpc-multiadmin` switches the API itself on. */
function ownArguments({ address, rootPath }: GlobalTopoServerRef, logLevel: LogLevel): string[] {
  return [
    `--http-port=${http}`,
    `--grpc-port=${grpc}`,
    `--topo-global-server-addresses=${address}`,
    `--topo-global-root=${rootPath}`,
    "--service-map=grpc-multiadmin",
    "--pprof-http=true",
    `--log-level=${logLevel}`,
  ];
}

export function desiredMultiadminService(view: ClusterView): Applied<Service> {
  const labels = labelsOf(view, COMPONENT);
  return {
    metadata: childMetadata(view, { name: multiadminName(view.parent.name), labels }),
    spec: {
      type: "ClusterIP",
      selector: selectorLabels(labels),
      ports: [
        { name: portNames.http, port: http, targetPort: http, protocol: "TCP" },
        { name: portNames.grpc, port: grpc, targetPort: grpc, protocol: "TCP" },
      ],
    },
  };
}
