/** Cell: the gateway, and where wanted the topology server, of one failure domain. */
import { optional, type Output, required, struct } from "../schema/fields.ts";
import { defineKind, type KindObject } from "../schema/kind.ts";
import { flag, int32, setOf, text } from "../schema/values.ts";
import { cellImages } from "./component_images.ts";
import { multigresCategories, multigresGroup, multigresVersion } from "./group.ts";
import { cellName } from "./identifiers.ts";
import { inheritedFields } from "./inherited.ts";
import { locationFields, locationRules } from "./location.ts";
import { podPlacementSpec } from "./placement.ts";
import { conditionPath, phaseColumn, statusFields } from "./status.ts";
import { localTopoServerSpec } from "./topology.ts";
import { multigatewaySpec } from "./workloads.ts";

const topologyReconciliation = struct({
  prunePoolers: required(flag(), "Whether records of poolers that no longer exist are removed."),
  registerCell: required(flag(), "Whether the cell is recorded in the global topology."),
});

const cellSpec = struct({
  ...inheritedFields,
  ...locationFields,
  allCells: optional(setOf(cellName, { max: 50 }), "Names of all cells of the cluster."),
  certCommonName: optional(
    text(),
    "DNS name that clients connect to. When given, the gateway offers TLS with a certificate for it.",
  ),
  images: required(cellImages, "Images of the components."),
  multigateway: required(multigatewaySpec, "Gateway of the cell."),
  multigatewayPlacement: optional(podPlacementSpec, "Where the pods of the gateway may run."),
  name: required(cellName, "Name of the cell within its cluster."),
  topoServer: optional(
    localTopoServerSpec,
    "Topology server of the cell's own; the global one serves without.",
  ),
  topologyReconciliation: optional(topologyReconciliation, "What is kept up to date in the topology."),
}, { rules: locationRules("a Cell") });

export type CellSpec = Output<typeof cellSpec>;

const cellStatus = struct({
  ...statusFields,
  gatewayReadyReplicas: required(int32(), "Pods of the gateway that are ready."),
  gatewayReplicas: required(int32(), "Pods of the gateway that exist."),
  gatewayServiceName: optional(text({ max: 253 }), "Service of this cell's gateway."),
});

export type CellStatus = Output<typeof cellStatus>;
export type Cell = KindObject<CellSpec, CellStatus>;

export const Cells = defineKind({
  group: multigresGroup,
  version: multigresVersion,
  kind: "Cell",
  plural: "cells",
  singular: "cell",
  shortNames: ["cel"],
  categories: multigresCategories,
  description:
    "A failure domain of a MultigresCluster, with a gateway of its own. The operator makes it, and puts " +
    "back what anyone else changes.",
  spec: cellSpec,
  specDescription: "The cell that is wanted.",
  status: cellStatus,
  statusDescription: "The cell that was observed.",
  printerColumns: [
    {
      name: "Gateway",
      type: "integer",
      jsonPath: ".status.gatewayReadyReplicas",
      description: "Pods of the gateway that are ready.",
    },
    {
      name: "Ready",
      type: "string",
      jsonPath: conditionPath("Available"),
      description: "Whether the cell can serve.",
    },
    phaseColumn,
  ],
});
