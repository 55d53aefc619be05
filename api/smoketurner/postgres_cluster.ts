/** The kind PostgresCluster: PostgreSQL with Patroni, from one member to a hundred. */
import { defineKind, type KindObject } from "../schema/kind.ts";
import { canonicalPostgresClusterSpec } from "./canonical.ts";
import { canonicalKind } from "./canonical_kind.ts";
import { GROUP, VERSION } from "./group.ts";
import { clusterNameRules } from "./name_rules.ts";
import { type PostgresClusterSpec, writtenPostgresClusterSpec } from "./postgres_cluster/spec.ts";
import { type PostgresClusterStatus, postgresClusterStatus } from "./postgres_cluster/status.ts";

/** A cluster as controllers see it. */
export type PostgresCluster = KindObject<PostgresClusterSpec, PostgresClusterStatus>;

const written = defineKind({
  group: GROUP,
  version: VERSION,
  kind: "PostgresCluster",
  plural: "postgresclusters",
  singular: "postgrescluster",
  shortNames: ["pgc"],
  categories: ["databases", "postgresql", "all"],
  description: "A PostgreSQL cluster: a primary and its standbys, with Patroni deciding which is which.",
  spec: writtenPostgresClusterSpec,
  specDescription: "The cluster as it should be.",
  status: postgresClusterStatus,
  statusDescription: "The cluster as it was last seen.",
  rules: clusterNameRules,
  printerColumns: [
    {
      name: "Version",
      type: "string",
      jsonPath: ".spec.version",
      description: "Major version of PostgreSQL.",
    },
    {
      name: "Replicas",
      type: "integer",
      jsonPath: ".spec.replicas",
      description: "Members that are wanted.",
    },
    {
      name: "Phase",
      type: "string",
      jsonPath: ".status.phase",
      description: "Where the cluster is in its life.",
    },
    {
      name: "Successor",
      type: "string",
      jsonPath: ".status.successor.name",
      description: "Cluster that took this one's place.",
      priority: 1,
    },
    {
      name: "Ready",
      type: "integer",
      jsonPath: ".status.readyReplicas",
      description: "Members that are ready.",
    },
    {
      name: "Age",
      type: "date",
      jsonPath: ".metadata.creationTimestamp",
      description: "Time since creation.",
    },
  ],
});

export const PostgresClusters = canonicalKind(written, canonicalPostgresClusterSpec);
