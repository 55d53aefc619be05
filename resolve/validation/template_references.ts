/** The templates that a cluster names are there, and can be used. */
import { cellReference } from "../cell.ts";
import { coreReference } from "../global_topo_server.ts";
import type { Resolved, ResolveProblem, TemplateKind } from "../problem.ts";
import { shardReference } from "../shard.ts";
import { chooseTemplate, referenceOf, type TemplateReference } from "../templates.ts";
import { failure, type Finding, type Rule } from "./finding.ts";
import type { ClusterView } from "./view.ts";

/** A template that a cluster names, and where. */
export interface UsedTemplate extends TemplateReference {
  readonly kind: TemplateKind;
}

/** Every name of a template that is written in a cluster, used or not. */
export function namedTemplates(
  { spec, cells, shards }: Pick<ClusterView, "spec" | "cells" | "shards">,
): UsedTemplate[] {
  const kinds = ["CoreTemplate", "CellTemplate", "ShardTemplate"] as const;
  const scope = { templates: noTemplates, defaults: spec.templateDefaults };
  const core = (["multiadmin", "globalTopoServer", "multiadminWeb"] as const).map((part) =>
    coreReference(spec[part], `spec.${part}`)
  );
  return [
    ...kinds.flatMap((kind) => of(kind, referenceOf(scope, kind, undefined))),
    ...core.flatMap((reference) => of("CoreTemplate", reference)),
    ...cells.flatMap(({ config, path }) => of("CellTemplate", cellReference(config, path))),
    ...shards.flatMap(({ config, path }) => of("ShardTemplate", shardReference(config, path))),
  ];
}

const noTemplates = { CoreTemplate: new Map(), CellTemplate: new Map(), ShardTemplate: new Map() } as const;

function of(kind: TemplateKind, reference: TemplateReference | undefined): UsedTemplate[] {
  return reference === undefined ? [] : [{ kind, ...reference }];
}

export function templateReferenceFindings(view: ClusterView): Finding[] {
  const scope = { templates: view.around.templates, defaults: undefined };
  return namedTemplates(view).flatMap(({ kind, ...reference }) =>
    problemFindings(chooseTemplate(scope, kind, reference))
  );
}

const ruleOf: Readonly<Record<ResolveProblem["reason"], Rule>> = {
  TemplateMissing: "TemplateExists",
  TemplateInvalid: "TemplateFits",
  ConfigError: "SettingsFit",
};

/** Every part can be worked out with its template, overrides and defaults. */
export function resolutionFindings(view: ClusterView): Finding[] {
  const { globalTopoServer, multiadmin, multiadminWeb, cells, shards } = view;
  const parts = [
    globalTopoServer,
    multiadmin,
    multiadminWeb,
    ...cells.map((cell) => cell.resolved),
    ...shards.map((shard) => shard.resolved),
  ];
  return parts.flatMap(problemFindings);
}

function problemFindings(result: Resolved<unknown>): Finding[] {
  if (result.ok) return [];
  return result.problems.map(({ reason, path, message }) => failure(ruleOf[reason], path, message));
}
