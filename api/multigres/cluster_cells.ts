/** The cells of a MultigresCluster, as its user writes them. */
import { optional, type Output, required, struct } from "../schema/fields.ts";
import { keyedListOf } from "../schema/values.ts";
import { cellName, templateName } from "./identifiers.ts";
import { locationFields, locationRules } from "./location.ts";
import { podPlacementSpec } from "./placement.ts";
import { localTopoServerSpec } from "./topology.ts";
import { multigatewaySpec } from "./workloads.ts";

const cellOverrides = struct({
  multigateway: optional(multigatewaySpec, "Settings of the gateway that differ from the template's."),
  multigatewayPlacement: optional(
    podPlacementSpec,
    "Where the pods of the gateway may run; replaces the template's.",
  ),
});

export type CellOverrides = Output<typeof cellOverrides>;

const cellInlineSpec = struct({
  localTopoServer: optional(
    localTopoServerSpec,
    "Topology server of the cell's own; the global one serves without.",
  ),
  multigateway: optional(multigatewaySpec, "Gateway of the cell."),
  multigatewayPlacement: optional(podPlacementSpec, "Where the pods of the gateway may run."),
});

export type CellInlineSpec = Output<typeof cellInlineSpec>;

const cellConfig = struct({
  ...locationFields,
  cellTemplate: optional(
    templateName,
    "CellTemplate of the namespace to take the settings from. Excludes spec.",
  ),
  name: required(cellName, "Name of the cell, for good."),
  overrides: optional(cellOverrides, "Settings that differ from the template's. Excludes spec."),
  spec: optional(cellInlineSpec, "Settings of the cell. Excludes cellTemplate and overrides."),
}, {
  rules: [
    {
      rule: "!(has(self.spec) && has(self.cellTemplate))",
      message: "a cell cannot have both spec and cellTemplate",
    },
    {
      rule: "!(has(self.spec) && has(self.overrides))",
      message: "a cell cannot have both spec and overrides: write the settings into spec",
    },
    ...locationRules("a cell"),
  ],
});

export type CellConfig = Output<typeof cellConfig>;

export const clusterCells = keyedListOf(["name"], cellConfig, {
  max: 50,
  rules: [{
    rule: "oldSelf.all(old, self.exists(cell, cell.name == old.name))",
    message: "cells can be added, not removed or renamed, as data lives in them",
  }],
});
