/** `corev1.LocalObjectReference`: another object of the same namespace. */
import { defaulted, type Output, struct } from "../schema/fields.ts";
import { text } from "../schema/values.ts";

export const localObjectReference = struct({
  name: defaulted(text(), "", "Name of the object, which lies in the same namespace."),
}, { atomic: true });

export type LocalObjectReference = Output<typeof localObjectReference>;
