/** The Services of a cluster: to the primary, to the standbys, and by name to each member. */
import { labelKeys, poolerLabels, spiloRole, standardLabels } from "../../api/smoketurner/labels.ts";
import { type NamedPort, ports } from "../../api/smoketurner/ports.ts";
import type { ServiceSpec } from "../../api/smoketurner/postgres_cluster/service.ts";
import type { PoolerTarget } from "../../api/smoketurner/labels.ts";
import type { Applied } from "../../kube/client.ts";
import type { Service } from "../../kube/kinds.ts";
import { childMetadata, type Cluster, memberSelector, nameOf, namesOf } from "./shape.ts";
import { poolerPodLabels } from "./desired_pooler.ts";

type Spec = NonNullable<Service["spec"]>;

/** Leads to the member that Patroni calls its leader. */
export function desiredPrimaryService(cluster: Cluster): Applied<Service> {
  const nodePort = cluster.spec.service?.nodePort;
  return clientService(cluster, namesOf(cluster).primaryService, {
    selector: { ...memberSelector(cluster), [labelKeys.role]: spiloRole.primary },
    ports: [portOf(ports.postgresql, nodePort)],
    ...traffic(cluster.spec.service),
  });
}

/** Leads to the standbys. */
export function desiredReplicaService(cluster: Cluster): Applied<Service> {
  return clientService(cluster, namesOf(cluster).replicaService, {
    selector: { ...memberSelector(cluster), [labelKeys.role]: spiloRole.standby },
    ports: [portOf(ports.postgresql)],
    ...traffic(cluster.spec.service),
  });
}

/** Gives each member a name in DNS, also before it is ready. */
export function desiredHeadlessService(cluster: Cluster): Applied<Service> {
  return {
    metadata: childMetadata(cluster, namesOf(cluster).headlessService),
    spec: {
      type: "ClusterIP",
      clusterIP: "None",
      publishNotReadyAddresses: true,
      selector: memberSelector(cluster),
      ports: [portOf(ports.postgresql), portOf(ports.patroni)],
    },
  };
}

/**
 * Leads to the pods of a pooler.
 * @param precise whether those of the primary's pooler bear the label that tells them from the other's.
 */
export function desiredPoolerService(
  cluster: Cluster,
  target: PoolerTarget,
  precise: boolean,
): Applied<Service> {
  const names = namesOf(cluster);
  const labels = poolerLabels(nameOf(cluster), target);
  const service = clientService(
    cluster,
    target === "primary" ? names.poolerService : names.replicaPoolerService,
    {
      selector: { ...(precise ? poolerPodLabels(cluster, target) : labels) },
      ports: [portOf(ports.pgbouncer)],
    },
  );
  return { ...service, metadata: { ...service.metadata, labels: { ...labels } } };
}

function clientService(cluster: Cluster, name: string, spec: Partial<Spec>): Applied<Service> {
  const { type = "ClusterIP", annotations = {}, loadBalancerSourceRanges = [] } = cluster.spec.service ?? {};
  const metadata = childMetadata(cluster, name, standardLabels(nameOf(cluster)));
  return {
    metadata: Object.keys(annotations).length === 0
      ? metadata
      : { ...metadata, annotations: { ...annotations } },
    spec: {
      type,
      ...spec,
      ...(type === "LoadBalancer" && loadBalancerSourceRanges.length > 0
        ? { loadBalancerSourceRanges: [...loadBalancerSourceRanges] }
        : {}),
    },
  };
}

function traffic(service: ServiceSpec | undefined): Partial<Spec> {
  const policy = service?.externalTrafficPolicy;
  return policy === undefined || service?.type === "ClusterIP" ? {} : { externalTrafficPolicy: policy };
}

function portOf({ name, port }: NamedPort, nodePort?: number) {
  return {
    name,
    port,
    targetPort: port,
    protocol: "TCP",
    ...(nodePort === undefined ? {} : { nodePort }),
  };
}
