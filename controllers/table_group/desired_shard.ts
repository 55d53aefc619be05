/** The Shard object of a shard of a table group. */
import { projectRefAnnotation } from "../../api/multigres/annotations.ts";
import {
  clusterLabel,
  databaseLabel,
  shardLabel,
  standardLabels,
  tableGroupLabel,
} from "../../api/multigres/labels.ts";
import { shardObjectName } from "../../api/multigres/names.ts";
import type { Shard } from "../../api/multigres/shard.ts";
import type { ResolvedShard, TableGroup } from "../../api/multigres/table_group.ts";
import type { Applied } from "../../kube/client.ts";
import { controllerReference } from "../../kube/owner.ts";
import type { Stored } from "../../kube/types.ts";

/** The cluster that a table group belongs to; one that was made by hand stands for itself. */
export function clusterOf({ metadata }: TableGroup): string {
  return metadata.labels?.[clusterLabel] ?? metadata.name;
}

/** Name of the Shard object of one of a table group's shards. */
export function shardNameOf(tableGroup: TableGroup, shard: string): string {
  const { databaseName, tableGroupName } = tableGroup.spec;
  return shardObjectName({
    cluster: clusterOf(tableGroup),
    database: databaseName,
    tableGroup: tableGroupName,
    shard,
  });
}

export function desiredShard(tableGroup: TableGroup & Stored, shard: ResolvedShard): Applied<Shard> {
  const { shards: _, default: __, ...inherited } = tableGroup.spec;
  const { name, ...own } = shard;
  const { namespace, annotations } = tableGroup.metadata;
  const project = annotations?.[projectRefAnnotation];
  return {
    metadata: {
      name: shardNameOf(tableGroup, name),
      ...(namespace === undefined ? {} : { namespace }),
      labels: labelsOf(tableGroup, name),
      ownerReferences: [controllerReference(tableGroup)],
      ...(project === undefined ? {} : { annotations: { [projectRefAnnotation]: project } }),
    },
    // What the shard says for itself (backup, claims) goes before what its table group says.
    spec: { ...inherited, ...own, shardName: name, replicas: instancesOf(shard) },
  };
}

function labelsOf(tableGroup: TableGroup, shard: string): Record<string, string> {
  const { databaseName, tableGroupName } = tableGroup.spec;
  const cluster = clusterOf(tableGroup);
  return {
    ...standardLabels(cluster, "shard"),
    [clusterLabel]: cluster,
    [databaseLabel]: databaseName,
    [tableGroupLabel]: tableGroupName,
    [shardLabel]: shard,
  };
}

/** Instances of all pools in all cells; a pool that does not say has one a cell. */
function instancesOf({ pools }: ResolvedShard): number {
  return Object.values(pools).reduce(
    (sum, { replicasPerCell = 1, cells = [] }) => sum + replicasPerCell * cells.length,
    0,
  );
}
