/** MultigresCluster: all that a user says about a cluster. */
import { defaulted, optional, type Output, required, struct } from "../schema/fields.ts";
import { defineKind, type KindObject } from "../schema/kind.ts";
import { nameWithoutDot } from "../schema/metadata.ts";
import { text } from "../schema/values.ts";
import { backupConfig } from "./backup.ts";
import { clusterCells } from "./cluster_cells.ts";
import {
  externalAdminWebConfig,
  externalGatewayConfig,
  globalTopoServerSpec,
  imageUpdatePolicy,
  multiadminConfig,
  multiadminWebConfig,
  templateDefaults,
} from "./cluster_components.ts";
import { clusterDatabases } from "./cluster_databases.ts";
import { type MultigresClusterStatus, multigresClusterStatus } from "./cluster_status.ts";
import { clusterImages } from "./component_images.ts";
import { multigresCategories, multigresGroup, multigresVersion } from "./group.ts";
import { maxNameLength } from "./identifiers.ts";
import { componentLogLevels, observabilityConfig } from "./observability.ts";
import {
  durabilityPolicy,
  internalTlsConfig,
  postgresPasswordSecretRef,
  superuserName,
  topologyPruningConfig,
} from "./postgres.ts";
import { conditionPath, phaseColumn } from "./status.ts";
import { pvcDeletionPolicy } from "./storage.ts";

const multigresClusterSpec = struct({
  backup: optional(backupConfig, "Where backups go. On a volume mounted at /backups unless told."),
  cells: optional(clusterCells, "Failure domains, at most 50. Cells can be added, not removed or renamed."),
  certCommonName: optional(
    text(),
    "DNS name that clients connect to. When given, the gateways offer TLS with a certificate for it.",
  ),
  databases: optional(
    clusterDatabases,
    "Databases: the one named postgres, which is there when absent, too.",
  ),
  durabilityPolicy,
  externalAdminWeb: optional(externalAdminWebConfig, "Makes the admin web pages reachable from outside."),
  externalGateway: optional(externalGatewayConfig, "Makes the gateways reachable from outside."),
  globalTopoServer: optional(globalTopoServerSpec, "Where the topology of the whole cluster is kept."),
  images: optional(clusterImages, "Images to run instead of the operator's own, and how nodes fetch them."),
  imageUpdatePolicy: optional(imageUpdatePolicy, "When the images of a newer operator are taken."),
  internalTLS: optional(internalTlsConfig, "Certificates between the components."),
  logLevels: optional(componentLogLevels, "How much each component logs."),
  multiadmin: optional(multiadminConfig, "Admin component."),
  multiadminWeb: optional(multiadminWebConfig, "Admin web pages."),
  observability: optional(observabilityConfig, "Where the components send their telemetry."),
  postgresPasswordSecretRef: required(
    postgresPasswordSecretRef,
    "Secret with the password of the superuser.",
  ),
  postgresSuperuser: defaulted(
    superuserName,
    "postgres",
    "Role that initdb makes, and that the operator and the data plane connect as.",
  ),
  pvcDeletionPolicy: defaulted(
    pvcDeletionPolicy,
    { whenDeleted: "Delete", whenScaled: "Delete" },
    "Fate of all data volumes that have no nearer policy. Without the block, data goes with the cluster.",
  ),
  templateDefaults: optional(templateDefaults, "Templates of parts that name none."),
  topologyPruning: optional(
    topologyPruningConfig,
    "Whether records of parts that no longer exist are removed from the topology.",
  ),
});

export type MultigresClusterSpec = Output<typeof multigresClusterSpec>;
export type MultigresCluster = KindObject<MultigresClusterSpec, MultigresClusterStatus>;

export const MultigresClusters = defineKind({
  group: multigresGroup,
  version: multigresVersion,
  kind: "MultigresCluster",
  plural: "multigresclusters",
  singular: "multigrescluster",
  shortNames: ["mgc"],
  categories: multigresCategories,
  description:
    "A PostgreSQL cluster over one or more cells, with pooled connections, automatic failover and backups. " +
    `Its name has at most ${maxNameLength.cluster} characters.`,
  spec: multigresClusterSpec,
  specDescription: "The cluster that is wanted.",
  status: multigresClusterStatus,
  statusDescription: "The cluster that was observed.",
  rules: [
    {
      rule: `self.metadata.name.size() <= ${maxNameLength.cluster}`,
      message: `the name of a MultigresCluster must have at most ${maxNameLength.cluster} characters`,
    },
    nameWithoutDot(
      "Cannot create a MultigresCluster with a dot in its name as its Services could not be called after it: use a hyphen",
    ),
  ],
  printerColumns: [
    {
      name: "Available",
      type: "string",
      jsonPath: conditionPath("Available"),
      description: "Whether all cells can serve.",
    },
    {
      name: "Age",
      type: "date",
      jsonPath: ".metadata.creationTimestamp",
      description: "Time since the cluster was created.",
    },
    phaseColumn,
    {
      name: "Images",
      type: "string",
      jsonPath: ".status.images.appliedRevision",
      description: "Revision of the operator's images that are in use.",
      priority: 1,
    },
  ],
});
