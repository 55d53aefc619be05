/** The TopoServer of a cell that has one of its own. */
import type { Cell } from "../../api/multigres/cell.ts";
import type { TopoServer } from "../../api/multigres/topo_server.ts";
import type { Applied } from "../../kube/client.ts";
import type { Stored } from "../../kube/types.ts";
import { localTopoServerSpec } from "../../resolve/child_specs.ts";
import { childMetadata, topoServerLabels, topoServerName } from "./shape.ts";

/** Undefined when the global topology server serves the cell, or one that runs elsewhere. */
export function desiredLocalTopoServer(cell: Cell & Stored): Applied<TopoServer> | undefined {
  const spec = localTopoServerSpec(cell.spec);
  if (spec === undefined) return undefined;
  return { metadata: childMetadata(cell, topoServerName(cell), topoServerLabels(cell)), spec };
}
