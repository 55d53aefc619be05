/** Volumes, and what becomes of their claims. */
import { accessMode } from "../kubernetes/access_mode.ts";
import { defaulted, optional, type Output, struct } from "../schema/fields.ts";
import { listOf, oneOf, text } from "../schema/values.ts";

export const storageSpec = struct({
  accessModes: optional(
    listOf(accessMode),
    "Access modes of the claim, ReadWriteOnce unless told. A filesystem backup that pods of several nodes write to " +
      "needs ReadWriteMany.",
  ),
  class: optional(
    text({ min: 1, max: 63 }),
    "StorageClass of the claim; without it the default class of the Kubernetes cluster is used.",
  ),
  size: optional(
    text({ max: 63, pattern: /^([0-9]+)(.+)$/ }),
    "Size of the volume as a quantity with a unit, such as 10Gi. It may grow, never shrink.",
  ),
});

export type StorageSpec = Output<typeof storageSpec>;

const fate = oneOf("Retain", "Delete");

/** Both fields have a default, so that a stored policy is always complete. */
export const pvcDeletionPolicy = struct({
  whenDeleted: defaulted(
    fate,
    "Retain",
    "Fate of the claims when their owner is deleted: Retain keeps the data, Delete removes it.",
  ),
  whenScaled: defaulted(
    fate,
    "Delete",
    "Fate of the claims of pods that go away by scaling down: Retain keeps the data, Delete removes it.",
  ),
});

export type PvcDeletionPolicy = Output<typeof pvcDeletionPolicy>;
