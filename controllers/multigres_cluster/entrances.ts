/** The ways into a cluster from outside, and whether somebody would be met there. */
import type { ExternalServiceConfig } from "../../api/multigres/cluster_components.ts";
import type { Statement } from "../../kube/conditions.ts";
import type { Service } from "../../kube/kinds.ts";
import type { Frozen } from "../../kube/types.ts";
import { isFresh } from "../freshness.ts";
import type { Observation } from "./observe.ts";

interface EntranceStatus {
  readonly externalEndpoint: string;
}

export interface Entrances {
  /** Undefined unless the entrance is wanted. */
  readonly gateway: EntranceStatus | undefined;
  readonly adminWeb: EntranceStatus | undefined;
  readonly statements: readonly Statement[];
}

interface Door {
  readonly type: string;
  readonly config: ExternalServiceConfig | undefined;
  readonly service: Frozen<Service> | undefined;
  /** Pods that answer behind it. */
  readonly ready: number;
  readonly noneReady: { readonly reason: string; readonly message: string };
}

export function entrances(seen: Observation): Entrances {
  const { externalGateway, externalAdminWeb } = seen.cluster.spec;
  const gateway = doorOf({
    type: "GatewayExternalReady",
    config: externalGateway,
    service: seen.gatewayService,
    ready: seen.cells.filter(isFresh).reduce(
      (sum, { status }) => sum + (status?.gatewayReadyReplicas ?? 0),
      0,
    ),
    noneReady: { reason: "NoReadyGateways", message: "No gateway is ready" },
  });
  const adminWeb = doorOf({
    type: "AdminWebExternalReady",
    config: externalAdminWeb,
    service: seen.adminWebService,
    ready: seen.multiadminWeb?.status?.readyReplicas ?? 0,
    noneReady: { reason: "NoReadyAdminWeb", message: "No pod of the admin web pages is ready" },
  });
  return {
    gateway: gateway?.status,
    adminWeb: adminWeb?.status,
    statements: [gateway, adminWeb].flatMap((door) => door === undefined ? [] : [door.statement]),
  };
}

function doorOf(door: Door): { status: EntranceStatus; statement: Statement } | undefined {
  if (door.config?.enabled !== true) return undefined;
  const externalEndpoint = endpointOf(door.service) ?? "";
  return { status: { externalEndpoint }, statement: statementOf(door, externalEndpoint) };
}

function statementOf({ type, ready, noneReady }: Door, endpoint: string): Statement {
  if (endpoint === "") {
    const message =
      "Nobody has given the Service an external address yet; name externalIPs, or see to a load balancer";
    return { type, status: "False", reason: "AwaitingEndpoint", message };
  }
  if (ready === 0) return { type, status: "False", ...noneReady };
  return { type, status: "True", reason: "EndpointReady", message: `Reachable at ${endpoint}` };
}

/** The addresses that were asked for go before those that a load balancer gave. */
function endpointOf(service: Frozen<Service> | undefined): string | undefined {
  const [ingress] = service?.status?.loadBalancer?.ingress ?? [];
  return service?.spec?.externalIPs?.[0] ?? ingress?.hostname ?? ingress?.ip;
}
