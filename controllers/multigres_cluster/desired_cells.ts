/** The Cell objects of a cluster. */
import type { Cell } from "../../api/multigres/cell.ts";
import { cellLabel } from "../../api/multigres/labels.ts";
import { cellObjectName } from "../../api/multigres/names.ts";
import type { Applied } from "../../kube/client.ts";
import type { ResolvedCell } from "../../resolve/cell.ts";
import { cellSpec } from "../../resolve/child_specs.ts";
import { handedDown } from "../components/handed_down.ts";
import { childMetadata, labelsOf } from "./desired_metadata.ts";
import type { ClusterView } from "./view.ts";

/** One Cell for each cell, in the order of the cluster. */
export function desiredCells(view: ClusterView): Applied<Cell>[] {
  return view.parent.cluster.cells.map((cell) => desiredCell(view, cell));
}

export function desiredCell(view: ClusterView, cell: ResolvedCell): Applied<Cell> {
  return {
    metadata: childMetadata(view, {
      name: cellObjectName(view.parent.name, cell.name),
      labels: labelsOf(view, "cell", { [cellLabel]: cell.name }),
      annotations: handedDown(view.owner),
    }),
    spec: cellSpec(view.parent, cell),
  };
}
