/**
 * Which template a part of a cluster takes its settings from: the one that it names, else the one that the cluster names
 * for all parts of the kind, else the one called `default`. Exactly one is used; they are never stacked.
 */
import { CellTemplates, type CellTemplateSpec } from "../api/multigres/cell_template.ts";
import type { TemplateDefaults } from "../api/multigres/cluster_components.ts";
import { CoreTemplates, type CoreTemplateSpec } from "../api/multigres/core_template.ts";
import { ShardTemplates, type ShardTemplateSpec } from "../api/multigres/shard_template.ts";
import type { Decoded } from "../kube/controller.ts";
import type { Frozen, KubeObject } from "../kube/types.ts";
import { refused, type Resolved, resolved, type TemplateKind } from "./problem.ts";

/** A template of this name holds for every cluster of its namespace that names none. */
export const namespaceDefault = "default";

export interface TemplateSpecs {
  CoreTemplate: CoreTemplateSpec;
  CellTemplate: CellTemplateSpec;
  ShardTemplate: ShardTemplateSpec;
}

type TemplatesOf<K extends TemplateKind> = ReadonlyMap<string, Decoded<TemplateSpecs[K]>>;

/**
 * The templates of one namespace by name. One that does not fit its schema is kept as such: taking it for absent would
 * change running clusters.
 */
export type Templates = { readonly [K in TemplateKind]: TemplatesOf<K> };

/** Where templates are looked for: in the namespace, and first under the names that the cluster gives. */
export interface TemplateScope {
  readonly templates: Templates;
  readonly defaults: TemplateDefaults | undefined;
}

/** A template's name, and the field of the cluster that holds it. */
export interface TemplateReference {
  readonly name: string;
  readonly path: string;
}

/** The settings of a template; without a name when there is none to be used. */
export interface ChosenTemplate<Spec> {
  readonly name: string | undefined;
  readonly spec: Spec | undefined;
}

const defaultsField = {
  CoreTemplate: "coreTemplate",
  CellTemplate: "cellTemplate",
  ShardTemplate: "shardTemplate",
} as const;

/** Reads templates as they lie in stores; those of other namespaces are passed over. */
export function readTemplates(
  namespace: string,
  objects: { readonly [K in TemplateKind]: Iterable<Frozen<KubeObject>> },
): Templates {
  return {
    CoreTemplate: byName(namespace, objects.CoreTemplate, (raw) => specOf(CoreTemplates.decode(raw))),
    CellTemplate: byName(namespace, objects.CellTemplate, (raw) => specOf(CellTemplates.decode(raw))),
    ShardTemplate: byName(namespace, objects.ShardTemplate, (raw) => specOf(ShardTemplates.decode(raw))),
  };
}

function byName<Spec>(
  namespace: string,
  objects: Iterable<Frozen<KubeObject>>,
  read: (raw: Frozen<KubeObject>) => Decoded<Spec>,
): Map<string, Decoded<Spec>> {
  const own = [...objects].filter((object) => object.metadata.namespace === namespace);
  return new Map(own.map((object) => [object.metadata.name, read(object)]));
}

function specOf<Spec>(decoded: Decoded<{ spec: Spec }>): Decoded<Spec> {
  return decoded.ok ? { ok: true, value: decoded.value.spec } : decoded;
}

/** The template that a part names itself, or that the cluster names for it. */
export function referenceOf(
  scope: TemplateScope,
  kind: TemplateKind,
  own: TemplateReference | undefined,
): TemplateReference | undefined {
  const name = scope.defaults?.[defaultsField[kind]];
  if (own !== undefined || name === undefined) return own;
  return { name, path: `spec.templateDefaults.${defaultsField[kind]}` };
}

/** True when a part takes settings from a template, be it one that cannot be used. */
export function usesTemplate(
  scope: TemplateScope,
  kind: TemplateKind,
  own: TemplateReference | undefined,
): boolean {
  return referenceOf(scope, kind, own) !== undefined || scope.templates[kind].has(namespaceDefault);
}

/**
 * Finds the template of a part. Only a template that nobody names may be missing: where a name is written, even the name
 * `default`, going on without it would take away pools and sizes that came from it.
 */
export function chooseTemplate<K extends TemplateKind>(
  scope: TemplateScope,
  kind: K,
  own: TemplateReference | undefined,
): Resolved<ChosenTemplate<TemplateSpecs[K]>> {
  const reference = referenceOf(scope, kind, own);
  const name = reference?.name ?? namespaceDefault;
  const found = scope.templates[kind].get(name);
  if (found === undefined) {
    if (reference === undefined) return resolved({ name: undefined, spec: undefined });
    return missing(kind, reference);
  }
  if (found.ok) return resolved({ name, spec: found.value });
  const wrong = found.problems.map((problem) => `${problem.path} ${problem.message}`).join("; ");
  const path = reference?.path ?? `spec.templateDefaults.${defaultsField[kind]}`;
  return refused([{
    reason: "TemplateInvalid",
    template: { kind, name },
    path,
    message: `Cannot take settings from ${kind} ${name} as it does not fit its schema: ${wrong}. ` +
      `Correct the template, or name another in ${path}.`,
  }]);
}

function missing(kind: TemplateKind, { name, path }: TemplateReference): Resolved<never> {
  return refused([{
    reason: "TemplateMissing",
    template: { kind, name },
    path,
    message: `Cannot resolve ${path} as the namespace has no ${kind} named ${name}: ` +
      "create it, or name another there.",
  }]);
}

/** The cluster's names for its templates, completed by `default` where the namespace has such a template. */
export function promoteTemplates(scope: TemplateScope): TemplateDefaults {
  const promoted: TemplateDefaults = { ...scope.defaults };
  for (const kind of ["CoreTemplate", "CellTemplate", "ShardTemplate"] as const) {
    if (scope.templates[kind].has(namespaceDefault)) promoted[defaultsField[kind]] ??= namespaceDefault;
  }
  return promoted;
}
