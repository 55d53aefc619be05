/** `status` of a PostgresDatabase. */
import { defaulted, optional, type Output, required, struct } from "../../schema/fields.ts";
import { int32, int64, keyedListOf, listOf, oneOf, text } from "../../schema/values.ts";

export const POSTGRES_DATABASE_PHASES = [
  "Pending",
  "Creating",
  "Ready",
  "Updating",
  "Failed",
  "Deleting",
] as const;

export const POSTGRES_DATABASE_CONDITIONS = [
  "ClusterReady",
  "DatabaseCreated",
  "RolesCreated",
  "GrantsApplied",
  "SecretsCreated",
  "Ready",
] as const;

const databaseCondition = struct({
  type: required(oneOf(...POSTGRES_DATABASE_CONDITIONS), "What is judged."),
  status: required(oneOf("True", "False", "Unknown"), "Whether it holds."),
  lastTransitionTime: optional(text(), "Since when status has its value, in RFC 3339."),
  reason: optional(text(), "Why, as one word for machines."),
  message: optional(text(), "Why, as a sentence for people."),
});
export type PostgresDatabaseCondition = Output<typeof databaseCondition>;

const connectionInfo = struct({
  host: optional(text(), "Host name of the primary's Service."),
  port: optional(int32(), "Port of the primary's Service."),
  database: optional(text(), "Name of the database."),
});

export const postgresDatabaseStatus = struct({
  phase: defaulted(oneOf(...POSTGRES_DATABASE_PHASES), "Pending", "Where the database is in its life."),
  conditions: optional(
    keyedListOf(["type"], databaseCondition),
    "Judgements on the database, one of each type.",
  ),
  connectionInfo: optional(connectionInfo, "Where clients connect."),
  credentialSecrets: optional(listOf(text()), "Secrets with credentials, one for each role."),
  observedGeneration: optional(int64(), "Generation of the spec that this status answers."),
});
export type PostgresDatabaseStatus = Output<typeof postgresDatabaseStatus>;
export type PostgresDatabasePhase = PostgresDatabaseStatus["phase"];
