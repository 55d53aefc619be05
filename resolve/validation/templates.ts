/**
 * Templates are judged by what they say, and by what would become of the clusters that take settings from them: a template
 * must not do to a cluster what the cluster could not do to itself.
 */
import type { MultigresClusterSpec } from "../../api/multigres/multigres_cluster.ts";
import type { CellTemplateSpec } from "../../api/multigres/cell_template.ts";
import type { CoreTemplateSpec } from "../../api/multigres/core_template.ts";
import type { ShardTemplateSpec } from "../../api/multigres/shard_template.ts";
import type { Decoded } from "../../kube/controller.ts";
import type { Catalogue } from "../../postgres/catalogue/catalogue.ts";
import type { TemplateKind } from "../problem.ts";
import { namespaceDefault, type Templates, type TemplateSpecs } from "../templates.ts";
import { changeFindings, standingFindings } from "./cluster.ts";
import { distinct, errorsOf, failure, type Finding, identityOf } from "./finding.ts";
import { bufferFindings } from "./gateway_buffer.ts";
import { limitsBelowRequests, poolLimits } from "./resources.ts";
import { poolNameFindings } from "./shards.ts";
import { namedTemplates } from "./template_references.ts";
import { settingsFindings } from "./settings.ts";
import { viewCluster } from "./view.ts";

/** A cluster of the template's namespace. */
export interface ClusterFact {
  readonly name: string;
  readonly spec: MultigresClusterSpec;
  /** A cluster that goes away keeps no template from being changed or deleted. */
  readonly deleting: boolean;
}

/** A template as it is to be stored. */
export type TemplateContent = {
  readonly [K in TemplateKind]: { readonly kind: K; readonly name: string; readonly spec: TemplateSpecs[K] };
}[TemplateKind];

export interface TemplateSurroundings {
  /** As they are stored, the template's former content among them. */
  readonly templates: Templates;
  readonly clusters: readonly ClusterFact[];
  /** See {@link file://./view.ts | Surroundings}. */
  readonly catalogue?: Catalogue;
}

/** Judges a template that is created or changed. */
export function reviewTemplate(content: TemplateContent, around: TemplateSurroundings): Finding[] {
  const own = distinct(contentFindings(content, around.catalogue));
  if (errorsOf(own).length > 0) return own;
  const templates = withTemplate(around.templates, content);
  return [...own, ...consumerFindings(content, around, templates)];
}

/** Judges whether a template may be deleted: nothing names it, and nothing breaks without it. */
export function reviewTemplateDeletion(
  template: { readonly kind: TemplateKind; readonly name: string },
  around: TemplateSurroundings,
): Finding[] {
  const named = living(around).flatMap((cluster) => {
    const paths = pathsNaming(template, cluster, around.templates);
    return paths.length === 0 ? [] : [`${cluster.name} (${paths.join(", ")})`];
  });
  if (named.length > 0) {
    const message = `Cannot delete ${template.kind} ${template.name} as it is in use by MultigresCluster ` +
      `${named.join(", ")}: name another template there first.`;
    return [failure("TemplateUnused", "metadata.name", message)];
  }
  return consumerFindings(template, around, withoutTemplate(around.templates, template));
}

function living({ clusters }: TemplateSurroundings): ClusterFact[] {
  return clusters.filter((cluster) => !cluster.deleting);
}

function pathsNaming(
  { kind, name }: { readonly kind: TemplateKind; readonly name: string },
  { spec }: ClusterFact,
  templates: Templates,
): string[] {
  return namedTemplates(viewCluster(spec, { templates }))
    .filter((reference) => reference.kind === kind && reference.name === name)
    .map((reference) => reference.path);
}

/** What the change of a template would bring upon clusters that are in order now. */
function consumerFindings(
  template: { readonly kind: TemplateKind; readonly name: string },
  around: TemplateSurroundings,
  templates: Templates,
): Finding[] {
  return living(around).flatMap((cluster) => {
    const uses = template.name === namespaceDefault || pathsNaming(template, cluster, templates).length > 0;
    if (!uses) return [];
    const before = viewCluster(cluster.spec, { templates: around.templates });
    const after = viewCluster(cluster.spec, { templates });
    const known = new Set(errorsOf(standingFindings(before)).map(identityOf));
    const broken = [...standingFindings(after), ...changeFindings(before, after)];
    return errorsOf(broken).filter((finding) => !known.has(identityOf(finding))).map((finding) => ({
      ...finding,
      message:
        `MultigresCluster ${cluster.name} takes settings from ${template.kind} ${template.name}, and would be ` +
        `invalid: ${finding.message}`,
    }));
  });
}

/** What is wrong with a template whoever uses it. */
function contentFindings(content: TemplateContent, catalogue: Catalogue | undefined): Finding[] {
  switch (content.kind) {
    case "CoreTemplate":
      return coreFindings(content.spec);
    case "CellTemplate":
      return cellFindings(content.spec);
    case "ShardTemplate":
      return shardFindings(content.spec, catalogue);
  }
}

function coreFindings({ globalTopoServer, multiadmin, multiadminWeb }: CoreTemplateSpec): Finding[] {
  const etcd = globalTopoServer?.etcd?.resources;
  return [
    ...limitsBelowRequests("etcd", etcd, "spec.globalTopoServer.etcd.resources"),
    ...limitsBelowRequests("multiadmin", multiadmin?.resources, "spec.multiadmin.resources"),
    ...limitsBelowRequests("multiadmin-web", multiadminWeb?.resources, "spec.multiadminWeb.resources"),
  ];
}

function cellFindings({ multigateway, localTopoServer }: CellTemplateSpec): Finding[] {
  return [
    ...bufferFindings(multigateway?.buffer, "spec.multigateway.buffer", false),
    ...limitsBelowRequests("multigateway", multigateway?.resources, "spec.multigateway.resources"),
    ...limitsBelowRequests("etcd", localTopoServer?.etcd?.resources, "spec.localTopoServer.etcd.resources"),
  ];
}

function shardFindings(
  { multiorch, pools = {}, postgresConfig }: ShardTemplateSpec,
  catalogue: Catalogue | undefined,
): Finding[] {
  return [
    ...settingsFindings(postgresConfig, "spec.postgresConfig", catalogue),
    ...limitsBelowRequests("multiorch", multiorch?.resources, "spec.multiorch.resources"),
    ...Object.keys(pools).flatMap((name) => poolNameFindings(name, `spec.pools.${name}`)),
    ...Object.entries(pools).flatMap(([name, pool]) => poolLimits(pool, `spec.pools.${name}`)),
  ];
}

function withTemplate(templates: Templates, content: TemplateContent): Templates {
  switch (content.kind) {
    case "CoreTemplate":
      return { ...templates, CoreTemplate: having(templates.CoreTemplate, content) };
    case "CellTemplate":
      return { ...templates, CellTemplate: having(templates.CellTemplate, content) };
    case "ShardTemplate":
      return { ...templates, ShardTemplate: having(templates.ShardTemplate, content) };
  }
}

type ByName<Spec> = ReadonlyMap<string, Decoded<Spec>>;

function having<Spec>(
  known: ByName<Spec>,
  { name, spec }: { readonly name: string; readonly spec: Spec },
): ByName<Spec> {
  return new Map([...known, [name, { ok: true, value: spec }]]);
}

function withoutTemplate(
  templates: Templates,
  { kind, name }: { readonly kind: TemplateKind; readonly name: string },
): Templates {
  switch (kind) {
    case "CoreTemplate":
      return { ...templates, CoreTemplate: lacking(templates.CoreTemplate, name) };
    case "CellTemplate":
      return { ...templates, CellTemplate: lacking(templates.CellTemplate, name) };
    case "ShardTemplate":
      return { ...templates, ShardTemplate: lacking(templates.ShardTemplate, name) };
  }
}

function lacking<Spec>(known: ByName<Spec>, name: string): ByName<Spec> {
  return new Map([...known].filter(([other]) => other !== name));
}
