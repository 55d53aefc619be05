/** Images of the components: as pinned by the user, as given to child objects, as reported. */
import { localObjectReference } from "../kubernetes/local_object_reference.ts";
import { optional, type Output, required, struct } from "../schema/fields.ts";
import { listOf, oneOf } from "../schema/values.ts";
import { imageReference } from "./identifiers.ts";

const componentFields = {
  multiadmin: optional(imageReference, "Image of the admin component."),
  multiadminWeb: optional(imageReference, "Image of the admin web pages."),
  multigateway: optional(imageReference, "Image of the gateways."),
  multiorch: optional(imageReference, "Image of the orchestrators."),
  multipooler: optional(imageReference, "Image of the poolers."),
  postgres: optional(imageReference, "Image of PostgreSQL with its supervisor pgctld."),
} as const;

const pullFields = {
  imagePullPolicy: optional(
    oneOf("Always", "Never", "IfNotPresent"),
    "When nodes fetch the images: IfNotPresent unless told.",
  ),
  imagePullSecrets: optional(
    listOf(localObjectReference),
    "Secrets with credentials of the image registries.",
  ),
} as const;

/** A set of images as the status reports it. */
export const componentImages = struct(componentFields);

export type ComponentImages = Output<typeof componentImages>;

/** What the user pins in the cluster. */
export const clusterImages = struct({ ...componentFields, ...pullFields });

export type ClusterImages = Output<typeof clusterImages>;

/** What a Cell needs. */
export const cellImages = struct({
  ...pullFields,
  multigateway: required(imageReference, "Image of the gateway."),
});

export type CellImages = Output<typeof cellImages>;

/** What a TableGroup and its Shards need. */
export const shardImages = struct({
  ...pullFields,
  multiorch: required(imageReference, "Image of the orchestrators."),
  multipooler: required(imageReference, "Image of the poolers."),
  postgres: required(imageReference, "Image of PostgreSQL with its supervisor pgctld."),
});

export type ShardImages = Output<typeof shardImages>;
