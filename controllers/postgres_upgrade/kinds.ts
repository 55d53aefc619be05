/** The kinds that a PostgresUpgrade has to do with, as the Patroni family sees and writes them. */
import type { V1Job } from "@kubernetes/client-node";
import { FIELD_MANAGER } from "../../api/smoketurner/group.ts";
import type { PostgresUpgrade } from "../../api/smoketurner/postgres_upgrade.ts";
import { defineResource, writtenBy } from "../../kube/resource.ts";
import type { KubeObject, Stored, Wire } from "../../kube/types.ts";

/** An upgrade as the API server has it. */
export type Upgrade = PostgresUpgrade & Stored;

export type Job = KubeObject & Omit<Wire<V1Job>, "apiVersion" | "kind" | "metadata">;

export const Jobs = writtenBy(
  FIELD_MANAGER,
  defineResource<Job>({ group: "batch", version: "v1", kind: "Job", plural: "jobs", namespaced: true }),
);

/** Upgrades are namespaced, so one from the API server has a namespace. */
export function namespaceOfUpgrade({ metadata }: Pick<Upgrade, "metadata">): string {
  return metadata.namespace ?? "default";
}
