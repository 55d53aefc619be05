/** CoreTemplate: settings of the components that a cluster has once. */
import { optional, type Output, struct } from "../schema/fields.ts";
import { defineKind, type KindObject } from "../schema/kind.ts";
import { topoServerSpec } from "./etcd.ts";
import { multigresCategories, multigresGroup, multigresVersion } from "./group.ts";
import { podPlacementSpec } from "./placement.ts";
import { statelessSpec } from "./workloads.ts";

const coreTemplateSpec = struct({
  globalTopoServer: optional(topoServerSpec, "Managed global topology server."),
  multiadmin: optional(statelessSpec, "Admin component."),
  multiadminPlacement: optional(podPlacementSpec, "Where the pods of the admin component may run."),
  multiadminWeb: optional(statelessSpec, "Admin web pages."),
});

export type CoreTemplateSpec = Output<typeof coreTemplateSpec>;
export type CoreTemplate = KindObject<CoreTemplateSpec>;

export const CoreTemplates = defineKind({
  group: multigresGroup,
  version: multigresVersion,
  kind: "CoreTemplate",
  plural: "coretemplates",
  singular: "coretemplate",
  shortNames: ["cot"],
  categories: multigresCategories,
  description:
    "Settings that clusters of the namespace share for their topology server and admin components. The " +
    "template named default holds for every cluster that names none.",
  spec: coreTemplateSpec,
  specDescription: "Settings that a cluster takes over where it says nothing itself.",
  specOptional: true,
});
