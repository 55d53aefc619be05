/** The pods that a data plane runs in, as far as it cares. */
import {
  cellLabel,
  componentLabel,
  databaseLabel,
  shardLabel,
  tableGroupLabel,
} from "../../../api/multigres/labels.ts";
import { poolerServiceId } from "../../../api/multigres/names.ts";
import type { ShardKeyPath } from "../../../topology/keys.ts";
import type { GroundClient } from "../../ground/client.ts";
import { conditionStatus, listAt, stringAt } from "../../ground/json.ts";

export interface DataPlanePod {
  readonly name: string;
  readonly uid: string;
  readonly ready: boolean;
  readonly leaving: boolean;
  readonly cell: string;
  readonly shard: ShardKeyPath;
  /** By which its process is known to the topology; undefined when it is given none. */
  readonly serviceId: string | undefined;
}

export interface DataPlanePods {
  readonly poolers: readonly DataPlanePod[];
  readonly orchestrators: readonly DataPlanePod[];
}

const orchestrator = "multiorch";
const pool = "shard-pool";

export async function readPods(client: GroundClient, namespace: string): Promise<DataPlanePods> {
  const selector = encodeURIComponent(`${componentLabel} in (${pool},${orchestrator})`);
  const pods = await client.list(`/api/v1/namespaces/${namespace}/pods?labelSelector=${selector}`);
  const of = (component: string) =>
    pods.filter((pod) => stringAt(pod, "metadata", "labels", componentLabel) === component);
  return {
    poolers: of(pool).map((pod) => podOf(pod, poolerServiceId(nameOf(pod)))),
    orchestrators: of(orchestrator).map((pod) => podOf(pod, undefined)),
  };
}

function podOf(pod: unknown, serviceId: string | undefined): DataPlanePod {
  const label = (key: string) => stringAt(pod, "metadata", "labels", key) ?? "";
  return {
    name: nameOf(pod),
    uid: stringAt(pod, "metadata", "uid") ?? "",
    ready: conditionStatus(pod, "Ready") === "True",
    leaving: stringAt(pod, "metadata", "deletionTimestamp") !== undefined,
    cell: flagOf(pod, "cell") ?? label(cellLabel),
    shard: {
      database: flagOf(pod, "database") ?? label(databaseLabel),
      tableGroup: flagOf(pod, "table-group") ?? label(tableGroupLabel),
      shard: flagOf(pod, "shard") ?? label(shardLabel),
    },
    serviceId: flagOf(pod, "service-id") ?? serviceIdOfEnvironment(pod) ?? serviceId,
  };
}

function nameOf(pod: unknown): string {
  return stringAt(pod, "metadata", "name") ?? "";
}

/** What a container is told by `--flag=value`. */
function flagOf(pod: unknown, flag: string): string | undefined {
  const args = listAt(pod, "spec", "containers").flatMap((container) => listAt(container, "args"));
  const prefix = `--${flag}=`;
  const found = args.find((arg) => typeof arg === "string" && arg.startsWith(prefix));
  return typeof found === "string" ? found.slice(prefix.length) : undefined;
}

function serviceIdOfEnvironment(pod: unknown): string | undefined {
  const variables = listAt(pod, "spec", "containers").flatMap((container) => listAt(container, "env"));
  const variable = variables.find((each) => stringAt(each, "name") === "MT_SERVICE_ID");
  const path = stringAt(variable, "valueFrom", "fieldRef", "fieldPath");
  return path === "metadata.name" ? nameOf(pod) : stringAt(variable, "value");
}
