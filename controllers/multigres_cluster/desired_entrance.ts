/** How a Service is made reachable from outside of the Kubernetes cluster. */
import type { ExternalServiceConfig } from "../../api/multigres/cluster_components.ts";

interface Entrance {
  readonly spec: { readonly type: string; readonly externalIPs?: string[] };
  readonly annotations: Readonly<Record<string, string>>;
}

/**
 * | external      | addresses | the Service                                                             |
 * | ------------- | --------- | ----------------------------------------------------------------------- |
 * | absent or off |           | is a ClusterIP                                                          |
 * | on            | some      | is a ClusterIP that nodes take traffic to these addresses for           |
 * | on            | none      | is a LoadBalancer: what provides those gives it an address, to be told  |
 *
 * The annotations are often meant for the load balancer, and belong to the Service only while it is open.
 */
export function entranceOf(external: ExternalServiceConfig | undefined): Entrance {
  if (external?.enabled !== true) return { spec: { type: "ClusterIP" }, annotations: {} };
  const { annotations = {}, externalIPs = [] } = external;
  if (externalIPs.length === 0) return { spec: { type: "LoadBalancer" }, annotations };
  return { spec: { type: "ClusterIP", externalIPs: [...externalIPs] }, annotations };
}
