/** The conditions of a cluster, each with the reason for it. */
import type { Statement } from "../../kube/conditions.ts";
import { productionRules } from "../../resolve/validation/postgres_cluster.ts";
import { autoscalingStatement } from "./autoscaling/autoscale.ts";
import { backupStatement } from "./backups/status.ts";
import { reportOf } from "./evidence.ts";
import { formerMembersStatement } from "./former_members.ts";
import { lagLimit } from "./lag.ts";
import type { Obstacle } from "./obstacles.ts";
import { refusals } from "./obstacles.ts";
import { factsOf, type Pass } from "./pass.ts";
import { isWell, type Phase } from "./state_machine.ts";
import { POSTGRES_CONTAINER } from "./shape.ts";

type Words = Omit<Statement, "type">;

/** Everything that is said of a cluster. @param phase the one that is written together with them. */
export function statementsOf(pass: Pass, phase: Phase, failure: Obstacle | undefined): Statement[] {
  return [
    { type: "Ready", ...readiness(pass, phase, failure) },
    { type: "Progressing", ...progress(pass, phase) },
    { type: "Degraded", ...degradation(pass, phase, failure) },
    { type: "ConfigurationValid", ...validity(pass) },
    { type: "ReplicasReady", ...replication(pass) },
    { type: "ResourceResizeInProgress", ...resizing(pass) },
    { type: "PodGenerationSynced", ...synchrony(pass) },
    ...(pass.certificates === undefined ? [] : [pass.certificates]),
    ...autoscalingStatement(pass.wanted, pass.autoscaling),
    ...backupStatement(pass.wanted, pass.backups),
    ...formerMembersStatement(pass.seen.members),
  ];
}

/** What members are waited for, or what speaks against them. */
export function explanation(pass: Pass): string {
  const { evidence, seen: { members }, desired } = pass;
  const { ready } = factsOf(pass, undefined);
  const fault = members.find((member) => member.fault !== undefined)?.fault;
  const counted = `${ready} of ${desired} members are ready`;
  if (fault !== undefined) return `${counted}; ${fault}`;
  return evidence.kind === "bad" || evidence.kind === "missing" ? `${counted}; ${evidence.message}` : counted;
}

/** Clients are served well while all members are ready, also when some of them are about to be changed. */
const SERVING: ReadonlySet<Phase> = new Set(["Running", "Updating", "Scaling"]);

function readiness(pass: Pass, phase: Phase, failure: Obstacle | undefined): Words {
  if (failure !== undefined) return { status: "False", reason: failure.reason, message: failure.message };
  if (SERVING.has(phase) && isWell(factsOf(pass, undefined))) {
    return { status: "True", reason: "ClusterReady", message: explanation(pass) };
  }
  const { evidence } = pass;
  const reason = phase !== "Degraded"
    ? phase
    : evidence.kind === "bad"
    ? evidence.reason
    : reasonWhenDegraded(pass);
  return { status: evidence.kind === "missing" ? "Unknown" : "False", reason, message: explanation(pass) };
}

function reasonWhenDegraded({ evidence }: Pass): string {
  return evidence.kind === "missing" ? "EvidenceMissing" : "MembersNotReady";
}

const PROGRESS: Readonly<Record<Phase, { readonly status: "True" | "False"; readonly reason: string }>> = {
  Pending: { status: "True", reason: "CreatingResources" },
  Creating: { status: "True", reason: "CreatingResources" },
  Running: { status: "False", reason: "Stable" },
  Updating: { status: "True", reason: "RollingUpdate" },
  Scaling: { status: "True", reason: "Scaling" },
  Degraded: { status: "False", reason: "Degraded" },
  Recovering: { status: "True", reason: "Recovering" },
  Failed: { status: "False", reason: "Failed" },
  Superseded: { status: "False", reason: "Superseded" },
  Deleting: { status: "True", reason: "Terminating" },
};

function progress(pass: Pass, phase: Phase): Words {
  const { change, handOver, result } = pass;
  if (change.kind === "moment") return { ...PROGRESS[phase], message: explanation(pass) };
  const message = handOver?.message ??
    ("message" in change
      ? change.message
      : result.kind === "waiting"
      ? result.wait.message
      : explanation(pass));
  return { ...PROGRESS[phase], message };
}

function degradation(pass: Pass, phase: Phase, failure: Obstacle | undefined): Words {
  const message = failure?.message ?? explanation(pass);
  switch (phase) {
    case "Failed":
      return { status: "True", reason: failure?.reason ?? "Failed", message };
    case "Degraded": {
      const { evidence } = pass;
      return {
        status: "True",
        reason: evidence.kind === "bad" ? evidence.reason : reasonWhenDegraded(pass),
        message,
      };
    }
    case "Pending":
    case "Creating":
      return { status: "False", reason: "NotApplicable", message };
    case "Running":
      return { status: "False", reason: "Healthy", message };
    case "Updating":
    case "Scaling":
    case "Recovering":
    case "Superseded":
    case "Deleting":
      return { status: "False", reason: "NotDegraded", message };
  }
}

/** Faults of the spec that make the cluster Failed are said here as well. */
const ABOUT_SPEC: ReadonlySet<string> = new Set([
  ...productionRules,
  "VersionDowngradeRejected",
  "BackupEncryptionRequired",
  "InvalidRestore",
  "ReconciliationFailed",
]);

function validity(pass: Pass): Words {
  const { obstacle, change } = pass;
  if (obstacle !== undefined && ABOUT_SPEC.has(obstacle.reason)) {
    return { status: "False", reason: obstacle.reason, message: obstacle.message };
  }
  const refused = refusals(pass);
  const [first] = refused;
  if (first !== undefined) {
    return {
      status: "False",
      reason: first.reason,
      message: refused.map(({ message }) => message).join(" "),
    };
  }
  if (change.kind === "held" && change.reason === "DataNotOnVolume") {
    return { status: "False", reason: change.reason, message: change.message };
  }
  return { status: "True", reason: "SpecValid", message: "Everything that is asked for is being done" };
}

function replication(pass: Pass): Words {
  const { evidence, seen: { cluster }, desired } = pass;
  switch (evidence.kind) {
    case "none":
      return {
        status: "Unknown",
        reason: "NoMemberReady",
        message: "No member is ready that could be asked",
      };
    case "pending":
    case "grace":
      return { status: "Unknown", reason: "NotYetKnown", message: evidence.message };
    case "missing":
      return { status: "Unknown", reason: "EvidenceMissing", message: evidence.message };
    case "bad":
      return { status: "False", reason: evidence.reason, message: evidence.message };
    case "good": {
      const limit = lagLimit(cluster.spec.scaling);
      const late = reportOf(evidence)?.members.filter(({ lagBytes }) => (lagBytes ?? 0) > limit) ?? [];
      if (late.length > 0) {
        const names = late.map(({ name }) => name).join(", ");
        return { status: "False", reason: "Lagging", message: `More than ${limit} bytes behind: ${names}` };
      }
      return {
        status: "True",
        reason: "Streaming",
        message: `One leader, ${desired - 1} standbys stream from it`,
      };
    }
  }
}

function resizing({ seen: { members }, change }: Pass): Words {
  const open = members.filter(({ resize }) => resize.kind !== "done");
  const [first] = open;
  if (first === undefined) {
    const message = "Every member has the resources that are asked for";
    return { status: "False", reason: "NoResize", message };
  }
  if (change.kind === "held" && change.reason !== "DataNotOnVolume") {
    return { status: "True", reason: change.reason.replace("Resize", ""), message: change.message };
  }
  const message = `Container ${POSTGRES_CONTAINER} still has other resources in ${
    open.map(({ name }) => name).join(", ")
  }`;
  return { status: "True", reason: "InProgress", message };
}

function synchrony({ seen: { members } }: Pass): Words {
  const late = members.filter(({ pod }) => {
    const observed = pod.status?.observedGeneration;
    return observed !== undefined && pod.metadata.generation !== undefined &&
      observed !== pod.metadata.generation;
  });
  if (late.length === 0) {
    return { status: "True", reason: "Synced", message: "Every node has taken up its pod's spec" };
  }
  const names = late.map(({ name }) => name).join(", ");
  return {
    status: "False",
    reason: "NotSynced",
    message: `Nodes have not yet taken up the specs of ${names}`,
  };
}
