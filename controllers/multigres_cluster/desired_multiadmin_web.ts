/** The admin pages of a cluster: Deployment and Service. */
import { selectorLabels } from "../../api/multigres/labels.ts";
import { globalGatewayServiceName, multiadminName, multiadminWebName } from "../../api/multigres/names.ts";
import { portNames, ports } from "../../api/multigres/ports.ts";
import type { Applied } from "../../kube/client.ts";
import type { Deployment, Service } from "../../kube/kinds.ts";
import { implicitDatabase } from "../../resolve/defaults.ts";
import type { EnvVar } from "../components/pod_parts.ts";
import { probes } from "../components/probes.ts";
import { adminDeployment } from "./desired_admin_deployment.ts";
import { entranceOf } from "./desired_entrance.ts";
import { childMetadata, labelsOf } from "./desired_metadata.ts";
import type { ClusterView } from "./view.ts";

const COMPONENT = "multiadmin-web";
const { http } = ports.multiadminWeb;

/** It has no paths for health alone: its start page stands for all of it. */
const healthPaths = { startup: "/", live: "/", ready: "/" } as const;

export function desiredMultiadminWebDeployment(view: ClusterView): Applied<Deployment> {
  const { parent } = view;
  return adminDeployment(view, {
    name: multiadminWebName(parent.name),
    component: COMPONENT,
    admin: parent.cluster.multiadminWeb,
    container: {
      name: COMPONENT,
      image: parent.images.multiadminWeb,
      env: environment(view),
      ports: [{ name: portNames.http, containerPort: http, protocol: "TCP" }],
      ...probes(http, healthPaths),
    },
  });
}

/** No password: the pages ask nobody who they are, so whoever opened them would be the superuser. */
function environment({ parent }: ClusterView): EnvVar[] {
  const variables = {
    // All addresses, of both IP families.
    HOSTNAME: "::",
    MULTIADMIN_API_URL: `http://${multiadminName(parent.name)}:${ports.multiadmin.http}`,
    POSTGRES_HOST: globalGatewayServiceName(parent.name),
    POSTGRES_PORT: String(ports.multigateway.postgres),
    POSTGRES_DATABASE: implicitDatabase.name,
    POSTGRES_USER: parent.cluster.settings.postgresSuperuser,
  };
  return Object.entries(variables).map(([name, value]) => ({ name, value }));
}

/** The one that `externalAdminWeb` opens. */
export function desiredMultiadminWebService(view: ClusterView): Applied<Service> {
  const labels = labelsOf(view, COMPONENT);
  const { spec, annotations } = entranceOf(view.owner.spec.externalAdminWeb);
  return {
    metadata: childMetadata(view, { name: multiadminWebName(view.parent.name), labels, annotations }),
    spec: {
      ...spec,
      selector: selectorLabels(labels),
      ports: [{ name: portNames.http, port: http, targetPort: http, protocol: "TCP" }],
    },
  };
}
