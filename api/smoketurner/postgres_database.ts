/** The kind PostgresDatabase: a database inside a PostgresCluster, with roles, grants and extensions. */
import { defineKind, type KindObject } from "../schema/kind.ts";
import { canonicalPostgresDatabaseSpec } from "./canonical.ts";
import { canonicalKind } from "./canonical_kind.ts";
import { GROUP, VERSION } from "./group.ts";
import { databaseNameRules } from "./name_rules.ts";
import { type PostgresDatabaseSpec, writtenPostgresDatabaseSpec } from "./postgres_database/spec.ts";
import { type PostgresDatabaseStatus, postgresDatabaseStatus } from "./postgres_database/status.ts";

/** A database as controllers see it. */
export type PostgresDatabase = KindObject<PostgresDatabaseSpec, PostgresDatabaseStatus>;

const written = defineKind({
  group: GROUP,
  version: VERSION,
  kind: "PostgresDatabase",
  plural: "postgresdatabases",
  singular: "postgresdatabase",
  shortNames: ["pgdb"],
  categories: ["databases", "postgresql", "all"],
  description: "A database inside a PostgresCluster, with the roles that may use it and their credentials.",
  spec: writtenPostgresDatabaseSpec,
  specDescription: "The database as it should be.",
  status: postgresDatabaseStatus,
  statusDescription: "The database as it was last seen.",
  rules: databaseNameRules,
  printerColumns: [
    {
      name: "Cluster",
      type: "string",
      jsonPath: ".spec.clusterRef.name",
      description: "Cluster that it lies in.",
    },
    {
      name: "Database",
      type: "string",
      jsonPath: ".spec.database.name",
      description: "Name of the database.",
    },
    {
      name: "Owner",
      type: "string",
      jsonPath: ".spec.database.owner",
      description: "Role that owns the database.",
    },
    {
      name: "Phase",
      type: "string",
      jsonPath: ".status.phase",
      description: "Where the database is in its life.",
    },
    {
      name: "Age",
      type: "date",
      jsonPath: ".metadata.creationTimestamp",
      description: "Time since creation.",
    },
  ],
});

export const PostgresDatabases = canonicalKind(written, canonicalPostgresDatabaseSpec);
