/** `corev1.PersistentVolumeAccessMode`: by how many nodes or pods, and how, a volume is used at a time. */
import { oneOf } from "../schema/values.ts";
import type { Output } from "../schema/fields.ts";

export const accessMode = oneOf("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod");

export type AccessMode = Output<typeof accessMode>;
