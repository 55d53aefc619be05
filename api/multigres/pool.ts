/** A pool: PostgreSQL instances that are alike, in one or more cells. */
import { affinity } from "../kubernetes/affinity.ts";
import { resourceRequirements } from "../kubernetes/resources.ts";
import { tolerations } from "../kubernetes/toleration.ts";
import { optional, type Output, struct } from "../schema/fields.ts";
import type { ValidationRule } from "../schema/metadata.ts";
import { int32, int64, mapOf, oneOf, setOf } from "../schema/values.ts";
import { cellName, maxNameLength } from "./identifiers.ts";
import { pvcDeletionPolicy, storageSpec } from "./storage.ts";

const containerConfig = struct({
  resources: optional(resourceRequirements, "What the container asks for and may use."),
  runAsGroup: optional(int64({ min: 0 }), "Numeric group that the container runs as."),
  runAsUser: optional(
    int64({ min: 1 }),
    "Numeric user that the container runs as. PostgreSQL and the pooler share the data folder, thus the same user.",
  ),
});

export type ContainerConfig = Output<typeof containerConfig>;

const poolCells = setOf(cellName, {
  min: 1,
  max: 10,
  rules: [{
    rule: "oldSelf.all(cell, cell in self)",
    message: "cells of a pool can be added, not removed, as data lives in them",
  }],
});

export const poolSpec = struct({
  affinity: optional(affinity, "Affinity of the pods; replaces the template's as a whole."),
  cells: optional(
    poolCells,
    "Cells to run in; all cells of the cluster when absent. Cells can be added, not removed.",
  ),
  fsGroup: optional(int64({ min: 1 }), "Numeric group that owns the files of the volumes."),
  multipooler: optional(containerConfig, "The container that pools connections and manages PostgreSQL."),
  postgres: optional(containerConfig, "The container that runs PostgreSQL."),
  pvcDeletionPolicy: optional(pvcDeletionPolicy, "Fate of the data volumes, before all other policies."),
  replicasPerCell: optional(
    int32({ min: 1, max: 32 }),
    "Instances in each cell. Unless told: 2 when the pool has one cell, else 1.",
  ),
  storage: optional(storageSpec, "Data volume of each instance: 1Gi, ReadWriteOnce, unless told."),
  tolerations: optional(
    tolerations,
    "Taints of nodes that do not keep the pods away; replaces the template's.",
  ),
  type: optional(oneOf("readWrite"), "What the instances are for: readWrite, the only type."),
});

export type PoolSpec = Output<typeof poolSpec>;

/** A shard has at most this many pools. */
const maxPools = 8;

/** Pools as a user writes them: names short enough for the names of pods. `where` tells the rules' messages apart. */
export function userPools(where: string): ReturnType<typeof pools> {
  return pools([
    {
      rule: `self.all(name, name.size() <= ${maxNameLength.pool})`,
      message: `names of pools in the ${where} must have at most ${maxNameLength.pool} characters`,
    },
    keepPools(where),
  ]);
}

/** Pools of an object that the operator writes: they were checked before, the bound is that of a label value. */
export function resolvedPools(where: string): ReturnType<typeof pools> {
  return pools([shortNames(where)]);
}

/** Pools of a ShardTemplate; the webhook holds their names to the stricter bound. */
export function templatePools(where: string): ReturnType<typeof pools> {
  return pools([shortNames(where), keepPools(where)]);
}

function pools(rules: readonly ValidationRule[]) {
  return mapOf(poolSpec, { max: maxPools, rules });
}

function shortNames(where: string): ValidationRule {
  return {
    rule: "self.all(name, name.size() < 63)",
    message: `names of pools in the ${where} must have fewer than 63 characters`,
  };
}

function keepPools(where: string): ValidationRule {
  return {
    rule: "oldSelf.all(name, name in self)",
    message: `pools in the ${where} can be added, not removed or renamed, as data lives in them`,
  };
}
