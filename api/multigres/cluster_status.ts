/** What the operator tells about a MultigresCluster. */
import { optional, type Output, required, struct } from "../schema/fields.ts";
import { flag, int32, listOf, mapOf, oneOf, text } from "../schema/values.ts";
import { componentImages } from "./component_images.ts";
import { templateName } from "./identifiers.ts";
import { statusFields } from "./status.ts";

const entranceStatus = struct({
  externalEndpoint: required(
    text(),
    "Host name or address to connect to from outside; empty while there is none.",
  ),
});

const cellSummary = struct({
  gatewayReplicas: required(int32(), "Pods of the cell's gateway."),
  ready: required(flag(), "Whether the cell can serve, by a status that is up to date."),
});

const databaseSummary = struct({
  readyShards: required(int32(), "Shards that are healthy."),
  totalShards: required(int32(), "Shards that are wanted."),
});

const imagesStatus = struct({
  applied: optional(componentImages, "The operator's images that are in use; absent when all are pinned."),
  appliedRevision: optional(text(), "Revision of applied: 12 hexadecimal digits."),
  available: optional(componentImages, "The images that this operator comes with."),
  availableRevision: optional(text(), "Revision of available: 12 hexadecimal digits."),
  effective: required(componentImages, "The images that the components run, or are moved to."),
  source: required(
    oneOf("explicit", "defaults", "mixed"),
    "Where effective comes from: the user's pins, the operator's images, or both.",
  ),
  updateStrategy: optional(text(), "Strategy in force: immediate or lazy."),
});

export type ImagesStatus = Output<typeof imagesStatus>;

const templateNames = listOf(templateName);

const resolvedTemplates = struct({
  cellTemplates: optional(templateNames, "CellTemplates in use."),
  coreTemplates: optional(templateNames, "CoreTemplates in use."),
  shardTemplates: optional(templateNames, "ShardTemplates in use."),
});

export const multigresClusterStatus = struct({
  ...statusFields,
  adminWeb: optional(
    entranceStatus,
    "Entrance to the admin web pages; absent unless externalAdminWeb is enabled.",
  ),
  cells: optional(mapOf(cellSummary, { max: 50 }), "Each cell in short, by name."),
  databases: optional(mapOf(databaseSummary, { max: 50 }), "Each database in short, by name."),
  gateway: optional(entranceStatus, "Entrance to the gateways; absent unless externalGateway is enabled."),
  images: optional(imagesStatus, "Which images run, and which are held back."),
  resolvedTemplates: optional(resolvedTemplates, "Templates that the last successful pass made use of."),
});

export type MultigresClusterStatus = Output<typeof multigresClusterStatus>;
