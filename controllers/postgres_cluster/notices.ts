/** What people are told of a cluster: transitions only. */
import { type ActResult, describeStep } from "../../kube/act.ts";
import type { Notice } from "../../kube/events.ts";
import { conditionNotices } from "../condition_notices.ts";
import { autoscalingNotices } from "./autoscaling/autoscale.ts";
import { backupNotices } from "./backups/status.ts";
import { TEMPLATE_CURRENT } from "./former_members.ts";
import { explanation } from "./statements.ts";
import type { Pass } from "./pass.ts";
import type { Cluster } from "./shape.ts";
import type { Phase } from "./state_machine.ts";
import type { Judgement } from "./status.ts";

/** Reasons of the events that tell of a new phase. */
const REASONS: Readonly<Record<Phase, string>> = {
  Pending: "ClusterPending",
  Creating: "ClusterCreating",
  Running: "ClusterReady",
  Updating: "ClusterUpdating",
  Scaling: "ClusterScaling",
  Degraded: "ClusterDegraded",
  Recovering: "ClusterRecovering",
  Failed: "ClusterFailed",
  Superseded: "ClusterSuperseded",
  Deleting: "ClusterDeleting",
};

/** Phases that somebody should look at. */
const ALARMING: ReadonlySet<Phase> = new Set(["Degraded", "Failed"]);

/** Conditions that follow the phase, of which people are told anyway, or that are False in the normal course of things. */
const FOLLOW_PHASE = new Set([
  "Ready",
  "Progressing",
  "Degraded",
  "ResourceResizeInProgress",
  "PodGenerationSynced",
  // Told once: its message changes with every member that is restarted.
  TEMPLATE_CURRENT,
]);

export function noticesOf({ status, failure, transition }: Judgement, pass: Pass): Notice[] {
  const cluster = pass.wanted;
  const notices: Notice[] = [...written(pass.result)];
  if (transition !== undefined) {
    const { to, from, sentence } = transition;
    const message = `${from} is now ${to}: ${sentence} (${failure?.message ?? explanation(pass)})`;
    notices.push({ type: ALARMING.has(to) ? "Warning" : "Normal", reason: REASONS[to], message });
  }
  const known = cluster.status?.lastError;
  if (failure !== undefined && known !== failure.message) {
    notices.push({ type: "Warning", reason: failure.reason, message: failure.message });
  }
  return [
    ...notices,
    ...conditionNotices(cluster.status, status, FOLLOW_PHASE),
    ...formerMembersNotice(cluster, status),
    ...heldNotice(cluster, status),
    ...tlsNotice(cluster),
    ...autoscalingNotices(cluster, pass.autoscaling),
    ...backupNotices(cluster.status?.backup, status.backup),
  ];
}

function written(result: ActResult): Notice[] {
  const applied = result.written.filter(({ kind }) => kind === "apply").map(describeStep);
  return applied.length === 0 ? [] : [{ type: "Normal", reason: "Applied", message: applied.join(", ") }];
}

/** Members of another operator were found. */
function formerMembersNotice(cluster: Cluster, status: Judgement["status"]): Notice[] {
  const of = (conditions: Judgement["status"]["conditions"]) =>
    conditions?.find(({ type }) => type === TEMPLATE_CURRENT);
  const now = of(status.conditions);
  if (now === undefined || of(cluster.status?.conditions) !== undefined) return [];
  return [{ type: "Warning", reason: now.reason, message: now.message }];
}

/** A resize that people have to see to. */
function heldNotice(cluster: Cluster, status: Judgement["status"]): Notice[] {
  const of = (conditions: Judgement["status"]["conditions"]) =>
    conditions?.find(({ type }) => type === "ResourceResizeInProgress");
  const [before, now] = [of(cluster.status?.conditions), of(status.conditions)];
  const isHeld = now?.reason === "Deferred" || now?.reason === "Infeasible";
  if (now === undefined || !isHeld || (before?.reason === now.reason && before.message === now.message)) {
    return [];
  }
  return [{ type: "Warning", reason: `Resize${now.reason}`, message: now.message }];
}

function tlsNotice({ spec, status, metadata }: Cluster): Notice[] {
  if (spec.tls.enabled || metadata.generation === status?.observedGeneration) return [];
  const message = "Clients need no TLS to connect, as spec.tls.enabled is false";
  return [{ type: "Warning", reason: "TLSDisabled", message }];
}
