/** What is said of a TopoServer, worked out from what was observed. */
import type { Phase } from "../../api/multigres/status.ts";
import type { TopoServer, TopoServerStatus } from "../../api/multigres/topo_server.ts";
import { type ActResult, CONFLICT, describeStep } from "../../kube/act.ts";
import type { Clock } from "../../kube/clock.ts";
import { mergeConditions, type Statement } from "../../kube/conditions.ts";
import type { Notice } from "../../kube/events.ts";
import { crashLoopOf } from "../../kube/pod_health.ts";
import type { Stored } from "../../kube/types.ts";
import { conditionNotices } from "../condition_notices.ts";
import { phaseNotice } from "../phase_notice.ts";
import type { ClassFinding, Observation } from "./observe.ts";
import { refusals } from "./plan.ts";
import { headlessName } from "./shape.ts";

/** Follows the phase, of which people are told. */
const FOLLOWS_PHASE = new Set(["Ready"]);

/** Waits that are about the object's name; the wait for a StorageClass has a condition of its own. */
const NAME_REASONS = new Set(["NameTaken", "NameTooLong"]);

/** How the members stand. */
interface Members {
  readonly wanted: number;
  readonly ready: number;
  /** Whether the StatefulSet controller has seen the latest spec: before that its numbers are about an older one. */
  readonly current: boolean;
  readonly looping: string | undefined;
}

/** The status to write. `result` is what became of the plan. */
export function statusOf(seen: Observation, result: ActResult, clock: Clock): TopoServerStatus {
  const { topoServer } = seen;
  const { generation, name } = topoServer.metadata;
  const members = membersOf(seen);
  const { phase, message } = phaseOf(members, result);
  const statements = [readiness(members), classValidity(seen.storageClass), acceptance(seen, result)];
  return {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    phase,
    message,
    clientService: name,
    peerService: headlessName(topoServer),
    conditions: mergeConditions(topoServer.status?.conditions, statements, { generation, clock }),
  };
}

function membersOf({ topoServer, statefulSet, pods }: Observation): Members {
  const status = statefulSet?.status;
  return {
    wanted: statefulSet?.spec?.replicas ?? topoServer.spec.etcd?.replicas ?? 0,
    ready: status?.readyReplicas ?? 0,
    current: (status?.observedGeneration ?? 0) >= (statefulSet?.metadata.generation ?? Infinity),
    looping: pods.map(crashLoopOf).find((reason) => reason !== undefined),
  };
}

/**
 * | first that holds                     | phase        |
 * | ------------------------------------ | ------------ |
 * | the plan failed, or waits (1)        | Progressing  |
 * | a container does not come up         | Degraded     |
 * | the latest spec was not yet seen     | Progressing  |
 * | no members wanted                    | Initializing |
 * | all ready                            | Healthy      |
 * | otherwise                            | Progressing  |
 *
 * (1) but not for the moment until our own view has caught up with a newer object, which is nobody's news.
 */
function phaseOf(members: Members, result: ActResult): { phase: Phase; message: string } {
  const { wanted, ready, current, looping } = members;
  if (result.kind === "failed") {
    return { phase: "Progressing", message: `Cannot ${describeStep(result.step)}: ${result.error.message}` };
  }
  if (result.kind === "waiting" && result.wait.reason !== CONFLICT) {
    return { phase: "Progressing", message: result.wait.message };
  }
  if (looping !== undefined) return { phase: "Degraded", message: `A member does not come up: ${looping}` };
  if (!current) return { phase: "Progressing", message: "The latest change is being rolled out" };
  if (wanted === 0) return { phase: "Initializing", message: "No members are wanted" };
  if (ready === wanted) return { phase: "Healthy", message: "Ready" };
  return { phase: "Progressing", message: `${ready} of ${wanted} members are ready` };
}

function readiness({ wanted, ready, current }: Members): Statement {
  const message = `${ready} of ${wanted} members are ready`;
  if (current && wanted > 0 && ready === wanted) {
    return { type: "Ready", status: "True", reason: "AllReplicasReady", message };
  }
  const late = current ? "" : "; the latest change was not yet taken up";
  return { type: "Ready", status: "False", reason: "NotAllReplicasReady", message: message + late };
}

function classValidity(storageClass: ClassFinding): Statement {
  const type = "StorageClassValid";
  switch (storageClass.kind) {
    case "unspecified":
      return {
        type,
        status: "True",
        reason: "StorageClassNotSpecified",
        message: "The default class is used",
      };
    case "found":
      return { type, status: "True", reason: "StorageClassFound", message: `${storageClass.name} exists` };
    case "missing": {
      const message =
        `StorageClass "${storageClass.name}" of spec.etcd.storage.class does not exist; create it or name another`;
      return { type, status: "False", reason: "StorageClassNotFound", message };
    }
    case "unknown": {
      const message = `StorageClasses cannot be read, so "${storageClass.name}" could not be checked`;
      return { type, status: "Unknown", reason: "StorageClassUnknown", message };
    }
  }
}

/** Whether everything that was asked for is being done. */
function acceptance(seen: Observation, result: ActResult): Statement {
  const type = "SpecAccepted";
  const refused = refusals(seen);
  if (result.kind === "failed") {
    const message = `Cannot ${describeStep(result.step)}: ${result.error.message}`;
    return { type, status: "False", reason: "FailedApply", message };
  }
  if (result.kind === "waiting" && NAME_REASONS.has(result.wait.reason)) {
    return { type, status: "False", reason: result.wait.reason, message: result.wait.message };
  }
  if (refused.length > 0) {
    return { type, status: "False", reason: "ChangeRefused", message: refused.join(" ") };
  }
  return { type, status: "True", reason: "Accepted", message: "Everything that is asked for is being done" };
}

/** What people are told: transitions only, by comparing the status before with the one now. */
export function noticesOf(topoServer: TopoServer & Stored, now: TopoServerStatus): Notice[] {
  return [
    ...phaseNotice(topoServer.status, now),
    ...conditionNotices(topoServer.status, now, FOLLOWS_PHASE),
  ];
}
