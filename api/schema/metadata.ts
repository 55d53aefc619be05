/** What a schema node says to Kubernetes beyond what zod can express. */
import * as z from "zod/mini";

/** One CEL rule as the API server reads it (`x-kubernetes-validations`). */
export interface ValidationRule {
  /** CEL expression; `self` is the node, `oldSelf` its former value (which makes it a transition rule). */
  readonly rule: string;
  /** What the user reads when the rule says no. Distinct for each rule, so that tests can tell which one spoke. */
  readonly message: string;
  readonly reason?:
    | "FieldValueRequired"
    | "FieldValueInvalid"
    | "FieldValueForbidden"
    | "FieldValueDuplicate";
  /** Path of the field to blame below the node, such as `.etcd`. */
  readonly fieldPath?: string;
  /** Evaluates a transition rule on creation, too: `oldSelf` is then an optional value. */
  readonly optionalOldSelf?: boolean;
}

/**
 * A rule on the name of an object, which is asked on creation only. An object that is already there cannot change its name;
 * were it asked again, it could neither be edited nor lose its finalizer.
 */
export function onCreation(rule: string, message: string): ValidationRule {
  return { rule: `oldSelf.hasValue() || (${rule})`, message, optionalOldSelf: true };
}

/** For kinds after which objects are called whose names take no dot. */
export function nameWithoutDot(message: string): ValidationRule {
  return onCreation("!self.metadata.name.contains('.')", message);
}

/** Keywords that travel into the CRD as they are, but for `x-fields`, which the conversion resolves. */
export interface SchemaMetadata {
  /** Description of each property of an object node. */
  readonly "x-fields"?: Readonly<Record<string, string>>;
  readonly format?: string;
  readonly maxProperties?: number;
  readonly minProperties?: number;
  readonly "x-kubernetes-validations"?: readonly ValidationRule[];
  readonly "x-kubernetes-list-type"?: "atomic" | "set" | "map";
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-map-type"?: "atomic" | "granular";
  readonly "x-kubernetes-int-or-string"?: true;
  readonly "x-kubernetes-preserve-unknown-fields"?: true;
  /** Needed by zod's registry type: keywords without a name above are refused by the conversion. */
  readonly [keyword: string]: unknown;
}

/** Metadata of every schema node of this program. Held weakly: a node that is collected takes its entry along. */
export const kubernetesMetadata = z.registry<SchemaMetadata>();

/** Registers metadata, and hands the schema back. Without any keyword nothing is stored. */
export function annotate<S extends z.core.$ZodType>(schema: S, metadata: SchemaMetadata): S;
export function annotate(schema: z.core.$ZodType, metadata: SchemaMetadata): z.core.$ZodType {
  if (Object.keys(metadata).length > 0) kubernetesMetadata.add(schema, metadata);
  return schema;
}

/** The rules as metadata; nothing when there are none. */
export function rulesMetadata(rules: readonly ValidationRule[] | undefined): SchemaMetadata {
  return rules === undefined || rules.length === 0 ? {} : { "x-kubernetes-validations": rules };
}
