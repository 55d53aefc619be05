/** A kind is declared once, here; its TypeScript type and its CustomResourceDefinition both follow from it. */
import * as z from "zod/mini";
import type { Decoded, Problem } from "../../kube/controller.ts";
import { isRecord } from "../../kube/errors.ts";
import { Recent } from "../../kube/recent.ts";
import { defineResource, type Resource } from "../../kube/resource.ts";
import { deepFreeze } from "../../kube/store.ts";
import type { KubeObject, ObjectMeta } from "../../kube/types.ts";
import type { ValidationRule } from "./metadata.ts";
import { describeIssues, describeType } from "./problems.ts";

type AnySchema = z.core.$ZodType;

/** A column of `kubectl get`. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: "string" | "integer" | "number" | "boolean" | "date";
  readonly jsonPath: string;
  readonly description: string;
  /** 0 (shown always) unless told; 1 shows the column with `-o wide` only. */
  readonly priority?: number;
}

/** The `scale` subresource, which `kubectl scale` and autoscalers use. */
export interface ScaleSubresource {
  readonly specReplicasPath: string;
  readonly statusReplicasPath: string;
  readonly labelSelectorPath?: string;
}

export interface KindDefinition<S extends AnySchema = AnySchema, U extends AnySchema = AnySchema> {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  /** What the kind is for, as `kubectl explain <kind>` shows it. */
  readonly description: string;
  readonly spec: S;
  readonly specDescription: string;
  /** A missing spec counts as an empty one. Only for kinds without required fields. */
  readonly specOptional?: boolean;
  /** With a status schema the kind has the `status` subresource. */
  readonly status?: U;
  readonly statusDescription?: string;
  /** CEL rules on the whole object; they may read `self.metadata.name`. */
  readonly rules?: readonly ValidationRule[];
  readonly printerColumns?: readonly PrinterColumn[];
  readonly scale?: ScaleSubresource;
  /** Names under which programs of former days applied the status: see {@link Resource.formerStatusManagers}. */
  readonly formerStatusManagers?: readonly string[];
}

/** An object of a kind with the given spec and status. */
export interface KindObject<Spec, Status = never> extends KubeObject {
  spec: Spec;
  status?: Status;
}

/** A declared kind. */
export interface Kind<T extends KubeObject> {
  readonly resource: Resource<T>;
  readonly definition: KindDefinition;
  /**
   * Checks and types an object as it came from the API server. Never throws. Defaults are filled in, unknown fields
   * of spec and status dropped; `metadata` is taken as it is, since the API server has checked it.
   */
  decode(raw: unknown): Decoded<T>;
}

function isObjectMeta(value: unknown): value is ObjectMeta {
  return isRecord(value) && typeof value["name"] === "string";
}

/** Reports a field that, if present, must have one value: items of a list may come without kind and apiVersion. */
function expectConstant(raw: Record<string, unknown>, field: string, expected: string): Problem[] {
  const value = raw[field];
  if (value === undefined || value === expected) return [];
  return [{ path: field, message: `must be ${expected}, but it is ${describeType(value)}` }];
}

type Part<T> = { readonly value?: T; readonly problems: readonly Problem[] };

/**
 * Decodes a part of an object. Parts that are frozen stay the same over many versions of their objects, as a store keeps
 * them: the answer to them is remembered, and frozen likewise.
 */
function partDecoder<S extends AnySchema>(schema: S, name: string): (raw: unknown) => Part<z.output<S>> {
  const recent = new Recent<Part<z.output<S>>, object>(PARTS);
  const decode = (raw: unknown): Part<z.output<S>> => {
    const result = z.safeParse(schema, raw);
    if (result.success) return { value: result.data, problems: [] };
    return { problems: describeIssues(result.error.issues, raw, [name]) };
  };
  return (raw) => {
    if (typeof raw !== "object" || raw === null || !Object.isFrozen(raw)) return decode(raw);
    return recent.get(raw, () => frozenPart(decode(raw)));
  };
}

/** Objects of a kind that are under way at the same time. */
const PARTS = 64;

function frozenPart<T>(part: Part<T>): Part<T> {
  deepFreeze(part);
  return part;
}

/** Declares a kind, namespaced as all kinds of this program are. */
export function defineKind<S extends AnySchema, U extends AnySchema = z.ZodMiniNever>(
  definition: KindDefinition<S, U>,
): Kind<KindObject<z.output<S>, z.output<U>>> {
  type T = KindObject<z.output<S>, z.output<U>>;
  const { group, version, kind, plural } = definition;
  const apiVersion = `${group}/${version}`;
  const { formerStatusManagers } = definition;
  const formers = formerStatusManagers === undefined ? {} : { formerStatusManagers };

  const decodeSpec = partDecoder(definition.spec, "spec");
  const decodeStatus = definition.status === undefined
    ? undefined
    : partDecoder<U>(definition.status, "status");

  function decode(raw: unknown): Decoded<T> {
    if (!isRecord(raw)) {
      return {
        ok: false,
        problems: [{ path: "", message: `must be an object, but it is ${describeType(raw)}` }],
      };
    }
    const problems = [...expectConstant(raw, "apiVersion", apiVersion), ...expectConstant(raw, "kind", kind)];
    const metadata = raw["metadata"];
    if (!isObjectMeta(metadata)) {
      problems.push({ path: "metadata.name", message: "must be a string, but it is absent" });
      return { ok: false, problems };
    }
    const rawSpec = raw["spec"] ?? (definition.specOptional ? {} : undefined);
    const spec = decodeSpec(rawSpec);
    const status: Part<z.output<U>> = decodeStatus === undefined || raw["status"] === undefined
      ? { problems: [] }
      : decodeStatus(raw["status"]);
    problems.push(...spec.problems, ...status.problems);
    if (problems.length > 0 || spec.value === undefined) return { ok: false, problems };
    const value: T = { apiVersion, kind, metadata, spec: spec.value };
    if (status.value !== undefined) value.status = status.value;
    return { ok: true, value };
  }

  return Object.freeze({
    resource: defineResource<T>({ group, version, kind, plural, namespaced: true, ...formers }),
    definition,
    decode,
  });
}
