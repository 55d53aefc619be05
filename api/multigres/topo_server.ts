/** TopoServer: one managed etcd, global for a cluster or local to a cell. */
import { optional, type Output, struct } from "../schema/fields.ts";
import { defineKind, type KindObject } from "../schema/kind.ts";
import { text } from "../schema/values.ts";
import { type TopoServerSpec, topoServerSpec } from "./etcd.ts";
import { multigresCategories, multigresGroup, multigresVersion } from "./group.ts";
import { conditionPath, phaseColumn, statusFields } from "./status.ts";

const topoServerStatus = struct({
  ...statusFields,
  clientService: optional(text(), "Service that clients connect to; it has the name of this object."),
  peerService: optional(text(), "Headless Service by which the members find each other."),
});

export type TopoServerStatus = Output<typeof topoServerStatus>;
export type TopoServer = KindObject<TopoServerSpec, TopoServerStatus>;

export const TopoServers = defineKind({
  group: multigresGroup,
  version: multigresVersion,
  kind: "TopoServer",
  plural: "toposervers",
  singular: "toposerver",
  shortNames: ["tps"],
  categories: multigresCategories,
  description:
    "An etcd that holds topology records. The operator makes it for a MultigresCluster or one of its " +
    "cells, and puts back what anyone else changes.",
  spec: topoServerSpec,
  specDescription: "The etcd that is wanted.",
  status: topoServerStatus,
  formerStatusManagers: ["multigres-operator-guard"],
  statusDescription: "The etcd that was observed.",
  printerColumns: [
    {
      name: "Ready",
      type: "string",
      jsonPath: conditionPath("Ready"),
      description: "Whether all members are ready.",
    },
    phaseColumn,
  ],
});
