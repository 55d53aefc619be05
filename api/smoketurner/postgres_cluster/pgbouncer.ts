/** `spec.pgbouncer` of a PostgresCluster: connection poolers in front of the primary and of the standbys. */
import { defaulted, optional, type Output, struct } from "../../schema/fields.ts";
import { flag, int32, oneOf, text } from "../../schema/values.ts";
import { resourceRequirements } from "../resources.ts";

export const pgbouncer = struct({
  enabled: defaulted(flag(), false, "Whether there is a pooler at all."),
  replicas: defaulted(int32({ min: 1, max: 10 }), 2, "Pods of each pooler."),
  poolMode: defaulted(
    oneOf("session", "transaction", "statement"),
    "transaction",
    "When a server connection goes back to the pool: after the session, the transaction or the statement.",
  ),
  maxDbConnections: defaulted(
    int32({ min: 1, max: 10000 }),
    60,
    "Server connections of a pooler as a whole; each pod gets an equal whole share.",
  ),
  defaultPoolSize: defaulted(
    int32({ min: 1, max: 1000 }),
    20,
    "Server connections that a pod keeps for each pair of user and database.",
  ),
  maxClientConn: defaulted(int32({ min: 10, max: 100000 }), 10000, "Client connections that a pod admits."),
  image: defaulted(text(), "public.ecr.aws/bitnami/pgbouncer:latest", "Container image of the pooler."),
  resources: optional(resourceRequirements, "Resources of the pooler's container."),
  enableReplicaPooler: defaulted(flag(), false, "Whether a second pooler stands in front of the standbys."),
});
export type PgbouncerSpec = Output<typeof pgbouncer>;
