/** `spec.networkPolicy` of a PostgresCluster: who else may connect. A policy exists whether this is set or not. */
import { labelSelector } from "../../kubernetes/label_selector.ts";
import { defaulted, optional, type Output, struct } from "../../schema/fields.ts";
import { flag, listOf } from "../../schema/values.ts";

const peer = struct({
  namespaceSelector: optional(
    labelSelector,
    "Namespaces that the clients run in; the cluster's own when left out. An empty selector takes every namespace.",
  ),
  podSelector: optional(labelSelector, "Pods that the clients run in; every pod when left out."),
});
export type NetworkPeer = Output<typeof peer>;

export const networkPolicy = struct({
  allowExternalAccess: defaulted(
    flag(),
    false,
    "Whether the private ranges 10.0.0.0/8, 172.16.0.0/12 and 192.168.0.0/16 may connect to port 5432.",
  ),
  allowFrom: optional(listOf(peer), "Further clients that may connect to port 5432."),
});
export type NetworkPolicySpec = Output<typeof networkPolicy>;
