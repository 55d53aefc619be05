/** `spec.service` of a PostgresCluster: how its client Services are exposed. */
import { defaulted, optional, type Output, struct } from "../../schema/fields.ts";
import { int32, listOf, mapOf, oneOf, text } from "../../schema/values.ts";

export const service = struct({
  type: defaulted(
    oneOf("ClusterIP", "NodePort", "LoadBalancer"),
    "ClusterIP",
    "Type of the Services of the primary, the standbys and the poolers.",
  ),
  annotations: optional(
    mapOf(text()),
    "Annotations of the Services of the primary, the standbys and the poolers.",
  ),
  loadBalancerSourceRanges: optional(
    listOf(text()),
    "Address ranges (CIDR) that the load balancer admits; type LoadBalancer only.",
  ),
  externalTrafficPolicy: optional(
    oneOf("Cluster", "Local"),
    "Whether outside traffic may go through another node; types NodePort and LoadBalancer only.",
  ),
  nodePort: optional(
    int32({ min: 30000, max: 32767 }),
    "Port of the primary's Service on every node; type NodePort only.",
  ),
}, {
  rules: [
    {
      rule: "!has(self.nodePort) || self.type == 'NodePort'",
      message: "Cannot set service.nodePort unless service.type is NodePort: remove it or change the type",
    },
    {
      rule: "!has(self.loadBalancerSourceRanges) || self.loadBalancerSourceRanges.size() == 0 || " +
        "self.type == 'LoadBalancer'",
      message:
        "Cannot set service.loadBalancerSourceRanges unless service.type is LoadBalancer: remove it or " +
        "change the type",
    },
    {
      rule: "!has(self.externalTrafficPolicy) || self.type in ['NodePort', 'LoadBalancer']",
      message:
        "Cannot set service.externalTrafficPolicy unless service.type is NodePort or LoadBalancer: remove " +
        "it or change the type",
    },
  ],
});
export type ServiceSpec = Output<typeof service>;
