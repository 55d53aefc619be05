/** What is, around one Cell. */
import type { Cell } from "../../api/multigres/cell.ts";
import { publicCertificateSecretName } from "../../api/multigres/certificate_names.ts";
import { hashParts } from "../../api/multigres/names.ts";
import { type TopoServer, TopoServers } from "../../api/multigres/topo_server.ts";
import type { Cache } from "../../kube/cache.ts";
import type { ReconcileContext } from "../../kube/controller.ts";
import { podsOfDeployment } from "../../kube/deployment_pods.ts";
import { type Deployment, Deployments, type Pod, Secrets, type Service, Services } from "../../kube/kinds.ts";
import { type FieldTree, parseFieldTree } from "../../kube/owned_fields.ts";
import type { Resource } from "../../kube/resource.ts";
import { keyOf } from "../../kube/store.ts";
import { isStored } from "../../kube/stored.ts";
import type { Frozen, KubeObject, Stored } from "../../kube/types.ts";
import { certificateVersion, internalCertificate } from "../components/internal_certificate.ts";
import { isFresh } from "../freshness.ts";
import { desiredLocalTopoServer } from "./desired_local_topo_server.ts";
import { mayBeFormer } from "./former_gateway.ts";
import { clusterOf, gatewayIdentity, gatewayName, gatewayServiceName, topoServerName } from "./shape.ts";

/** How the topology server stands that is the cell's own. */
export type LocalTopology =
  /** The cell has none that we run. */
  | { readonly kind: "none" }
  | { readonly kind: "ready" }
  | { readonly kind: "awaited"; readonly message: string }
  | { readonly kind: "degraded"; readonly message: string };

/** A child that is there under a name, or although the cell has no use for it any more. */
export interface Leftover {
  readonly resource: Resource;
  readonly object: Frozen<KubeObject> & Stored;
}

export interface Observation {
  readonly cell: Cell & Stored;
  readonly deployment: Frozen<Deployment> | undefined;
  /** Fields of it that were applied under our name; only while it may have the Go operator's template. */
  readonly formerFields: FieldTree | undefined;
  readonly service: Frozen<Service> | undefined;
  /** Pods of the gateway. */
  readonly pods: readonly Frozen<Pod>[];
  readonly topology: LocalTopology;
  /**
   * Tells versions of the certificate that the gateways show to clients from each other; undefined while there is none
   * that we know. Gateways read it once, when they start.
   */
  readonly certificate: string | undefined;
  /** The same for the certificate by which gateways prove themselves to other components. */
  readonly internalCertificate: string | undefined;
  /** Every TopoServer of the cell, wanted or not. */
  readonly topoServers: readonly (Frozen<TopoServer> & Stored)[];
  readonly leftovers: readonly Leftover[];
}

/** Reads the stores; makes no request. */
export function observe(cell: Cell & Stored, { cache }: Pick<ReconcileContext, "cache">): Observation {
  const { uid } = cell.metadata;
  const deployments = cache.children(Deployments, uid);
  const services = cache.children(Services, uid);
  const topoServers = cache.children(TopoServers.resource, uid).filter(isStored);
  const deployment = deployments.find(({ metadata }) => metadata.name === gatewayName(cell));
  const ownTopoServer = desiredLocalTopoServer(cell)?.metadata.name;
  return {
    cell,
    deployment,
    formerFields: formerFieldsOf(deployment, cache),
    service: services.find(({ metadata }) => metadata.name === gatewayServiceName(cell)),
    pods: deployment === undefined ? [] : podsOfDeployment(cache, deployment.metadata),
    topology: topologyOf(cell, topoServers),
    certificate: certificateOf(cell, cache),
    internalCertificate: certificateVersion(
      internalCertificate(cache, cell.spec.internalTLS, gatewayIdentity(cell)),
    ),
    topoServers,
    leftovers: [
      ...othersThan(gatewayName(cell), Deployments, deployments),
      ...othersThan(gatewayServiceName(cell), Services, services),
      ...othersThan(ownTopoServer, TopoServers.resource, topoServers),
    ],
  };
}

function formerFieldsOf(deployment: Frozen<Deployment> | undefined, cache: Cache): FieldTree | undefined {
  if (deployment === undefined || !mayBeFormer(deployment)) return undefined;
  return parseFieldTree(cache.store(Deployments).entry(keyOf(deployment.metadata))?.owned.main);
}

function certificateOf(cell: Cell, cache: Cache): string | undefined {
  const { namespace = "" } = cell.metadata;
  if (cell.spec.certCommonName === undefined) return undefined;
  const name = publicCertificateSecretName(clusterOf(cell));
  const certificate = cache.get(Secrets, { namespace, name })?.data?.["tls.crt"];
  return certificate === undefined ? undefined : hashParts([certificate]);
}

function othersThan<T extends KubeObject>(
  wanted: string | undefined,
  resource: Resource,
  children: readonly Frozen<T>[],
): Leftover[] {
  return children.filter(isStored)
    .filter(({ metadata }) => metadata.name !== wanted && metadata.deletionTimestamp === undefined)
    .map((object) => ({ resource, object }));
}

function topologyOf(cell: Cell & Stored, topoServers: readonly Frozen<TopoServer>[]): LocalTopology {
  if (desiredLocalTopoServer(cell) === undefined) return { kind: "none" };
  const name = topoServerName(cell);
  const found = topoServers.find(({ metadata }) => metadata.name === name);
  const awaited = (why: string): LocalTopology => ({ kind: "awaited", message: `TopoServer ${name} ${why}` });
  if (found === undefined) return awaited("does not exist yet");
  if (found.metadata.deletionTimestamp !== undefined) return awaited("is being deleted");
  if (!isFresh(found)) return awaited("has not yet taken up its latest change");
  const { phase, message = "it does not say why" } = found.status ?? {};
  if (phase === "Healthy") return { kind: "ready" };
  if (phase === "Degraded") {
    return { kind: "degraded", message: `TopoServer ${name} is degraded: ${message}` };
  }
  return awaited(`is not healthy: ${message}`);
}
