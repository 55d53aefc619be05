/** CellTemplate: settings of cells. */
import { optional, type Output, struct } from "../schema/fields.ts";
import { defineKind, type KindObject } from "../schema/kind.ts";
import { multigresCategories, multigresGroup, multigresVersion } from "./group.ts";
import { podPlacementSpec } from "./placement.ts";
import { localTopoServerSpec } from "./topology.ts";
import { multigatewaySpec } from "./workloads.ts";

const cellTemplateSpec = struct({
  localTopoServer: optional(
    localTopoServerSpec,
    "Topology server of the cell's own; the global one serves without.",
  ),
  multigateway: optional(multigatewaySpec, "Gateway of the cell."),
  multigatewayPlacement: optional(podPlacementSpec, "Where the pods of the gateway may run."),
});

export type CellTemplateSpec = Output<typeof cellTemplateSpec>;
export type CellTemplate = KindObject<CellTemplateSpec>;

export const CellTemplates = defineKind({
  group: multigresGroup,
  version: multigresVersion,
  kind: "CellTemplate",
  plural: "celltemplates",
  singular: "celltemplate",
  shortNames: ["cet"],
  categories: multigresCategories,
  description:
    "Settings that cells of clusters of the namespace share. The template named default holds for every " +
    "cell that names none.",
  spec: cellTemplateSpec,
  specDescription: "Settings that a cell takes over where it says nothing itself.",
  specOptional: true,
});
