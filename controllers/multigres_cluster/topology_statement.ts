/** What is said of a cluster's topology. */
import type { MultigresCluster } from "../../api/multigres/multigres_cluster.ts";
import type { Clock } from "../../kube/clock.ts";
import type { Condition, Statement } from "../../kube/conditions.ts";
import type { Notice } from "../../kube/events.ts";
import { isTopologyDown } from "../../topology/errors.ts";
import type { TopologyStanding } from "./topology.ts";

/** Once the topology was asked, the condition stays for good. */
export const TOPOLOGY_REGISTERED = "TopologyRegistered";

/** A topology server that comes up with its cluster is not news for so long, in milliseconds. */
const YOUNG_MS = 2 * 60_000;

/**
 * | the topology                            | status  | reason             |
 * | --------------------------------------- | ------- | ------------------ |
 * | has what it should                      | True    | Registered         |
 * | is being compared, for the same spec    | as it was                    |
 * | is being compared, and had it before    | Unknown | Registering        |
 * | is being written to for the first time  | False   | Registering        |
 * | waits for a cell's own server           | False   | TopologyWaiting    |
 * | cannot be reached, and the cluster is new | False | TopologyWaiting    |
 * | cannot be reached, and had it before    | Unknown | TopoConnectFailed  |
 * | cannot be reached, or refuses           | False   | TopoConnectFailed  |
 */
export function topologyStatement(
  cluster: MultigresCluster,
  standing: TopologyStanding | undefined,
  clock: Clock,
): Statement | undefined {
  const before = known(cluster);
  if (standing === undefined) return before;
  if (standing.kind === "waiting") return not("TopologyWaiting", standing.message);
  const { progress } = standing;
  switch (progress.kind) {
    case "done":
      return {
        type: TOPOLOGY_REGISTERED,
        status: "True",
        reason: "Registered",
        message: registeredMessage(standing.neighbour),
      };
    case "pending":
      return isCurrent(cluster) && before !== undefined ? before : {
        ...not("Registering", "Cells and databases are being written to the topology"),
        status: hadRecords(before) ? "Unknown" : "False",
      };
    case "failed":
      return failure(progress.error, { before, isYoung: ageMs(cluster, clock) < YOUNG_MS });
  }
}

/**
 * What people are told of the topology: that it is waited for, once; and that it cannot be used, once for each reason. What
 * exactly is wrong may read differently with each attempt, so the condition alone tells that.
 */
export function topologyNotices(
  before: MultigresCluster["status"],
  now: MultigresCluster["status"],
): Notice[] {
  const said = find(now);
  if (said === undefined || said.status === "True" || said.reason === find(before)?.reason) return [];
  const { reason, message } = said;
  switch (reason) {
    case "TopologyWaiting":
      return [{ type: "Normal", reason, message }];
    case "TopoConnectFailed":
      return [{ type: "Warning", reason, message }];
    default:
      return [];
  }
}

function registeredMessage(neighbour: string | undefined): string {
  const message = "Cells and databases are in the topology";
  if (neighbour === undefined) return message;
  return `${message}; nothing is removed from it, as MultigresCluster ${neighbour} has its records in the same place`;
}

function failure(
  error: Error,
  { before, isYoung }: { readonly before: Statement | undefined; readonly isYoung: boolean },
): Statement {
  const { message } = error;
  if (!isTopologyDown(error)) return not("TopoConnectFailed", message);
  if (hadRecords(before)) {
    return { type: TOPOLOGY_REGISTERED, status: "Unknown", reason: "TopoConnectFailed", message };
  }
  return not(isYoung ? "TopologyWaiting" : "TopoConnectFailed", message);
}

/** Whether the topology had the records, as far as anybody knows. */
function hadRecords(before: Statement | undefined): boolean {
  return before?.status === "True" || before?.status === "Unknown";
}

/** Whether the condition is about the latest spec, as it is after a restart of the operator. */
function isCurrent({ metadata, status }: MultigresCluster): boolean {
  return find(status)?.observedGeneration === metadata.generation;
}

function find(status: MultigresCluster["status"]): Condition | undefined {
  return status?.conditions?.find(({ type }) => type === TOPOLOGY_REGISTERED);
}

function known({ status }: MultigresCluster): Statement | undefined {
  const found = find(status);
  if (found === undefined) return undefined;
  const { type, status: value, reason, message } = found;
  return { type, status: value, reason, message };
}

function ageMs({ metadata }: MultigresCluster, clock: Clock): number {
  return clock.now().getTime() - Date.parse(metadata.creationTimestamp ?? "");
}

function not(reason: string, message: string): Statement {
  return { type: TOPOLOGY_REGISTERED, status: "False", reason, message };
}
