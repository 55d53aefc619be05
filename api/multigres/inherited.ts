/** Fields that Cells, TableGroups and Shards receive from their cluster, all the way down. */
import { optional, required } from "../schema/fields.ts";
import { mapOf, text } from "../schema/values.ts";
import { backupConfig } from "./backup.ts";
import { shardImages } from "./component_images.ts";
import { databaseName, tableGroupName } from "./identifiers.ts";
import { componentLogLevels, observabilityConfig } from "./observability.ts";
import {
  durabilityPolicy,
  internalTlsConfig,
  postgresPasswordSecretRef,
  superuserName,
  topologyPruningConfig,
} from "./postgres.ts";
import { pvcDeletionPolicy } from "./storage.ts";
import { globalTopoServerRef } from "./topology.ts";

/** On Cells, TableGroups and Shards. */
export const inheritedFields = {
  globalTopoServer: required(globalTopoServerRef, "How to reach the global topology."),
  internalTLS: optional(internalTlsConfig, "Certificates between the components."),
  logLevels: optional(componentLogLevels, "How much each component logs."),
  observability: optional(observabilityConfig, "Where the components send their telemetry."),
} as const;

/** On TableGroups and Shards. */
export const inheritedDataFields = {
  ...inheritedFields,
  backup: optional(backupConfig, "Where backups go, after all levels above were merged."),
  cellTopologyLabels: optional(
    mapOf(mapOf(text())),
    "Node labels of each cell, by cell: pods of the cell run on nodes that carry them.",
  ),
  databaseName: required(databaseName, "Database that this belongs to."),
  durabilityPolicy,
  images: required(shardImages, "Images of the components."),
  postgresPasswordSecretRef: required(
    postgresPasswordSecretRef,
    "Secret with the password of the superuser.",
  ),
  postgresSuperuser: optional(superuserName, "Role that the operator and the data plane connect as."),
  pvcDeletionPolicy: optional(pvcDeletionPolicy, "Fate of the data volumes."),
  tableGroupName: required(tableGroupName, "Table group that this belongs to, or is."),
  topologyPruning: optional(
    topologyPruningConfig,
    "Whether records of parts that no longer exist are removed from the topology.",
  ),
} as const;
