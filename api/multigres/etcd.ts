/** Managed etcd: how a topology server runs. */
import { resourceRequirements } from "../kubernetes/resources.ts";
import { optional, type Output, struct } from "../schema/fields.ts";
import { int32 } from "../schema/values.ts";
import { imageReference, rootPath } from "./identifiers.ts";
import { podPlacementSpec } from "./placement.ts";
import { pvcDeletionPolicy, storageSpec } from "./storage.ts";

export const etcdSpec = struct({
  image: optional(imageReference, "Image of etcd; the operator's own choice when absent."),
  pvcDeletionPolicy: optional(
    pvcDeletionPolicy,
    "Fate of the data volumes, before the policies of the topology server and of the cluster.",
  ),
  replicas: optional(
    int32({
      min: 1,
      rules: [{
        rule: "self % 2 == 1",
        message: "etcd replicas must be odd, as an even member more adds no fault tolerance",
      }],
    }),
    "Members, an odd number: 3 unless told. It cannot change later; a single member has no fault tolerance.",
  ),
  resources: optional(resourceRequirements, "What each member asks for and may use."),
  rootPath: optional(
    rootPath,
    "Prefix of all keys: /multigres/global for the global topology, /multigres/ and the cell's name for a local one, " +
      "unless told.",
  ),
  storage: optional(storageSpec, "Data volume of each member: 1Gi unless told."),
});

export type EtcdSpec = Output<typeof etcdSpec>;

/** A managed topology server: the spec of TopoServer objects, and of the one in a CoreTemplate. */
export const topoServerSpec = struct({
  etcd: optional(etcdSpec, "How etcd runs. Must be given: it is the only kind of managed topology server."),
  placement: optional(podPlacementSpec, "Where the pods of etcd may run."),
  pvcDeletionPolicy: optional(
    pvcDeletionPolicy,
    "Fate of the data volumes, unless etcd has a policy of its own.",
  ),
}, { rules: [{ rule: "has(self.etcd)", message: "a managed topology server needs etcd" }] });

export type TopoServerSpec = Output<typeof topoServerSpec>;
