/** Fills defaults into merged settings. What is said stays; what is filled in is typed as being there. */
import type { ResourceRequirements } from "../api/kubernetes/resources.ts";
import type { EtcdSpec } from "../api/multigres/etcd.ts";
import type { ContainerConfig, PoolSpec } from "../api/multigres/pool.ts";
import type { ExternalTopoServerSpec } from "../api/multigres/topology.ts";
import type { MultigatewaySpec, MultiorchSpec, StatelessSpec } from "../api/multigres/workloads.ts";
import {
  type DefaultedComponent,
  defaultResources,
  etcdMembers,
  etcdVolume,
  poolType,
  poolVolume,
  replicasPerCell,
  statelessReplicas,
  topologyImplementation,
} from "./defaults.ts";
import { saysResources } from "./merge.ts";

function completeResources(
  given: ResourceRequirements | undefined,
  component: DefaultedComponent,
): ResourceRequirements {
  return saysResources(given) ? given : defaultResources[component]();
}

/** A component that runs as a Deployment, with replicas and resources. */
export type CompleteStateless = StatelessSpec & Required<Pick<StatelessSpec, "replicas" | "resources">>;

export function completeStateless(spec: StatelessSpec, component: DefaultedComponent): CompleteStateless {
  return {
    ...spec,
    replicas: spec.replicas ?? statelessReplicas,
    resources: completeResources(spec.resources, component),
  };
}

/** Statements are held back during a failover unless the user turns that off. */
export function completeGateway(spec: MultigatewaySpec): MultigatewaySpec {
  return {
    ...completeStateless(spec, "multigateway"),
    buffer: { ...spec.buffer, enabled: spec.buffer?.enabled ?? true },
  };
}

export function completeOrchestrator(spec: MultiorchSpec): MultiorchSpec {
  return { ...spec, ...completeStateless(spec, "multiorch") };
}

/** All but the image, which is not written into anybody's spec. */
export function completeEtcd(spec: EtcdSpec, rootPath: string): EtcdSpec {
  return {
    ...spec,
    replicas: spec.replicas ?? etcdMembers,
    resources: completeResources(spec.resources, "etcd"),
    rootPath: spec.rootPath ?? rootPath,
    storage: { ...spec.storage, size: spec.storage?.size ?? etcdVolume },
  };
}

/** An external topology server, with the client that talks to it. */
export type CompleteExternal =
  & ExternalTopoServerSpec
  & Required<Pick<ExternalTopoServerSpec, "implementation">>;

export function completeExternal(spec: ExternalTopoServerSpec): CompleteExternal {
  const implementation = spec.implementation ?? "";
  return { ...spec, implementation: implementation === "" ? topologyImplementation : implementation };
}

/** @param cells how many cells the pool runs in. */
export function completePool(spec: PoolSpec, cells: number): PoolSpec {
  return {
    ...spec,
    type: spec.type ?? poolType,
    replicasPerCell: spec.replicasPerCell ?? replicasPerCell(cells),
    storage: { ...spec.storage, size: spec.storage?.size ?? poolVolume },
    postgres: completeContainer(spec.postgres, "postgres"),
    multipooler: completeContainer(spec.multipooler, "multipooler"),
  };
}

function completeContainer(
  spec: ContainerConfig | undefined,
  component: DefaultedComponent,
): ContainerConfig {
  return { ...spec, resources: completeResources(spec?.resources, component) };
}
