/** The two admin components, which a cluster has once each. */
import type { MultiadminConfig, MultiadminWebConfig } from "../api/multigres/cluster_components.ts";
import type { CoreTemplateSpec } from "../api/multigres/core_template.ts";
import type { PodPlacementSpec } from "../api/multigres/placement.ts";
import type { StatelessSpec } from "../api/multigres/workloads.ts";
import { type CompleteStateless, completeStateless } from "./complete.ts";
import { coreReference } from "./global_topo_server.ts";
import { mergeBlocks } from "./merge.ts";
import { mergeStateless } from "./merge_workloads.ts";
import { present } from "./present.ts";
import { type Resolved, resolved } from "./problem.ts";
import { chooseTemplate, type TemplateScope } from "./templates.ts";

export interface ResolvedAdmin {
  readonly spec: CompleteStateless;
  readonly placement?: PodPlacementSpec;
  /** CoreTemplate that took part. */
  readonly template?: string;
}

export function resolveMultiadmin(
  scope: TemplateScope,
  part: MultiadminConfig | undefined,
): Resolved<ResolvedAdmin> {
  const template = chooseTemplate(scope, "CoreTemplate", coreReference(part, "spec.multiadmin"));
  if (!template.ok) return template;
  const { name, spec } = template.value;
  const placement = part?.placement ?? spec?.multiadminPlacement;
  return resolved({
    spec: completeAdmin("multiadmin", spec, part?.spec),
    ...present({ placement, template: name }),
  });
}

export function resolveMultiadminWeb(
  scope: TemplateScope,
  part: MultiadminWebConfig | undefined,
): Resolved<ResolvedAdmin> {
  const template = chooseTemplate(scope, "CoreTemplate", coreReference(part, "spec.multiadminWeb"));
  if (!template.ok) return template;
  const { name, spec } = template.value;
  return resolved({
    spec: completeAdmin("multiadminWeb", spec, part?.spec),
    ...present({ template: name }),
  });
}

/** Template, then what the cluster says, then defaults. */
export function completeAdmin(
  component: "multiadmin" | "multiadminWeb",
  template: CoreTemplateSpec | undefined,
  given: StatelessSpec | undefined,
): CompleteStateless {
  return completeStateless(mergeBlocks(mergeStateless, template?.[component], given) ?? {}, component);
}
