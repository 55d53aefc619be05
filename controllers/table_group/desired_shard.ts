/** The Shard object of a shard of a table group. */
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
import { shardSpec } from "../../resolve/child_specs.ts";
import { handedDown } from "../components/handed_down.ts";

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
  const { name } = shard;
  const { namespace } = tableGroup.metadata;
  const annotations = handedDown(tableGroup);
  return {
    metadata: {
      name: shardNameOf(tableGroup, name),
      ...(namespace === undefined ? {} : { namespace }),
      labels: labelsOf(tableGroup, name),
      ownerReferences: [controllerReference(tableGroup)],
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
    spec: shardSpec(tableGroup.spec, shard),
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
