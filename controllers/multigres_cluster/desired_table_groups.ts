/** The TableGroup objects of a cluster. */
import { databaseLabel, tableGroupLabel } from "../../api/multigres/labels.ts";
import { tableGroupObjectName } from "../../api/multigres/names.ts";
import type { TableGroup } from "../../api/multigres/table_group.ts";
import type { Applied } from "../../kube/client.ts";
import { tableGroupSpec } from "../../resolve/child_specs.ts";
import type { ResolvedDatabase, ResolvedTableGroup } from "../../resolve/database.ts";
import { handedDown } from "../components/handed_down.ts";
import { childMetadata, labelsOf } from "./desired_metadata.ts";
import type { ClusterView } from "./view.ts";

/** One TableGroup for each table group of each database, in the order of the cluster. */
export function desiredTableGroups(view: ClusterView): Applied<TableGroup>[] {
  return view.parent.cluster.databases.flatMap((database) =>
    database.tableGroups.map((group) => desiredTableGroup(view, database, group))
  );
}

export function desiredTableGroup(
  view: ClusterView,
  database: ResolvedDatabase,
  group: ResolvedTableGroup,
): Applied<TableGroup> {
  const logical = { [databaseLabel]: database.name, [tableGroupLabel]: group.name };
  return {
    metadata: childMetadata(view, {
      name: tableGroupObjectName(view.parent.name, database.name, group.name),
      labels: labelsOf(view, "tablegroup", logical),
      annotations: handedDown(view.owner),
    }),
    spec: tableGroupSpec(view.parent, database, group),
  };
}
