/**
 * How a shard stands. Where there is a data plane, its own word counts: a pod is Ready as soon as its pooler listens, and
 * says nothing of PostgreSQL.
 */
import type { Phase } from "../../api/multigres/status.ts";
import type { Statement } from "../../kube/conditions.ts";
import type { LifeFacts } from "./life/facts.ts";
import { needOf, suffices } from "./life/durability.ts";
import { serves } from "./life/health.ts";
import type { LifeView } from "./life/view.ts";

/** For so long after its pods are Ready a shard without any registered pooler counts as healthy, in seconds. */
export const GRACE_SECONDS = 120;
/**
 * Before so long after its pods are Ready nothing follows from the absence of poolers, in seconds: one registers 2 s after
 * its pod is Ready. Only a look that began later counts.
 */
export const REGISTRATION_SECONDS = 3;

export interface Standing {
  readonly view: LifeView;
  readonly facts: LifeFacts;
  /** What keeps the spec from being carried out. */
  readonly obstacle: string | undefined;
  /** A container of a pool or orchestrator that does not come up. */
  readonly looping: string | undefined;
  readonly orchReady: boolean;
  /** Since the last of the wanted pods became Ready; undefined while one is not. */
  readonly readySeconds: number | undefined;
  /** Whether a primary was seen at some time before. */
  readonly hadPrimary: boolean;
  /** Whether nothing is known of the data plane yet, because this process only began to look. */
  readonly isFirstLook: boolean;
}

export interface Verdict {
  readonly phase: Phase;
  readonly message: string;
  readonly statements: readonly Statement[];
}

export function verdictOf(given: Standing): Verdict {
  const standing = withoutLook(given);
  const primary = primaryStatement(standing);
  const ready = readyStatement(standing, primary);
  const available = availableStatement(standing, primary);
  return { ...phaseOf(standing, primary), statements: [available, ready, primary] };
}

/**
 * | topology    | primary                                  | PrimaryAvailable | reason              |
 * | ----------- | ---------------------------------------- | ---------------- | ------------------- |
 * | unreachable |                                          | Unknown          | TopologyUnreachable |
 * | empty       |                                          | Unknown          | NoEvidence          |
 * | known       | answers, and accepts writes              | True             | PrimarySeen         |
 * | known       | said so last, but does not answer        | Unknown          | PrimaryStale        |
 * | known       | none, and there never was one            | False            | Bootstrapping       |
 * | known       | none, though there was one               | False            | NoPrimary           |
 */
function primaryStatement({ view, hadPrimary }: Standing): Statement {
  const type = "PrimaryAvailable";
  const { topology } = view.shard;
  if (topology.kind === "unreachable") {
    return { type, status: "Unknown", reason: "TopologyUnreachable", message: topology.why };
  }
  if (topology.kind === "empty") {
    return { type, status: "Unknown", reason: "NoEvidence", message: "No pooler has registered yet" };
  }
  if (view.primary.kind === "seen") {
    const { name } = view.primary.pod;
    return {
      type,
      status: "True",
      reason: "PrimarySeen",
      message: `Pod ${name} is primary and accepts writes`,
    };
  }
  if (view.primary.claimant !== undefined) {
    const message = `Pod ${view.primary.claimant.name} was primary last, and does not answer`;
    return { type, status: "Unknown", reason: "PrimaryStale", message };
  }
  const reason = hadPrimary ? "NoPrimary" : "Bootstrapping";
  return { type, status: "False", reason, message: "No instance accepts writes" };
}

/**
 * | primary       | the others                        | Ready   | reason               |
 * | ------------- | --------------------------------- | ------- | -------------------- |
 * | not True      |                                   | as it is               ||
 * | True          | too few serve for the policy      | False   | QuorumLost           |
 * | True          | some do not stream                | False   | ReplicasNotStreaming |
 * | True          | all stream and count in the cohort | True   | AllServing           |
 */
function readyStatement({ view, facts }: Standing, primary: Statement): Statement {
  const type = "Ready";
  if (primary.status !== "True") return { ...primary, type };
  const { wanted, serving } = facts.counts;
  const count = `${serving} of ${wanted} instances serve`;
  if (!hasQuorum(view)) {
    const message = `${count}: ${needOf(view.shard.durability)}`;
    return { type, status: "False", reason: "QuorumLost", message };
  }
  if (serving < wanted) {
    const message = `${count}: the others do not stream, or do not count in the cohort`;
    return { type, status: "False", reason: "ReplicasNotStreaming", message };
  }
  return { type, status: "True", reason: "AllServing", message: count };
}

function hasQuorum(view: LifeView): boolean {
  return suffices(view.shard.durability, view.shard.pods.filter((pod) => serves(view, pod)));
}

/** Whether clients are served: by evidence where there is some, by the pods where no pooler ever registered. */
function availableStatement(standing: Standing, primary: Statement): Statement {
  const type = "Available";
  const { view } = standing;
  if (view.shard.topology.kind === "empty") return { type, ...byPods(standing) };
  if (primary.status !== "True" || hasQuorum(view)) return { ...primary, type };
  return { type, status: "False", reason: "QuorumLost", message: needOf(view.shard.durability) };
}

/**
 * | pods                                        | Available | reason          |
 * | ------------------------------------------- | --------- | --------------- |
 * | none is wanted, or not all are Ready        | False     | NotAllPodsReady |
 * | all are Ready, for less than 3 s            | False     | PoolersAwaited  |
 * | all are Ready                               | True      | AllPodsReady    |
 */
function byPods({ facts, readySeconds = 0 }: Standing): Omit<Statement, "type"> {
  const { ready, wanted } = facts.counts;
  const message = `${ready} of ${wanted} pods are Ready`;
  if (ready < wanted || wanted === 0) return { status: "False", reason: "NotAllPodsReady", message };
  if (readySeconds >= REGISTRATION_SECONDS) return { status: "True", reason: "AllPodsReady", message };
  return { status: "False", reason: "PoolersAwaited", message: `${message}; their poolers are to register` };
}

/**
 * | first that holds                                       | phase        |
 * | ------------------------------------------------------ | ------------ |
 * | the spec cannot be carried out, or a step failed       | Progressing  |
 * | a container does not come up                           | Degraded     |
 * | the data plane is being looked at for the first time   | Initializing |
 * | the topology cannot be reached                         | Unknown      |
 * | the primary does not answer                            | Unknown      |
 * | there was a primary, and there is none                 | Degraded     |
 * | pods or orchestrators are not Ready                    | Progressing  |
 * | there is no primary yet, or instances do not serve     | Progressing  |
 * | no pooler registered, pods are Ready for less than 3 s | Progressing  |
 * | no pooler registered within 120 s of the pods' Ready   | Unknown      |
 * | otherwise                                              | Healthy      |
 */
function phaseOf(standing: Standing, primary: Statement): { phase: Phase; message: string } {
  const { obstacle, looping } = standing;
  if (obstacle !== undefined) return { phase: "Progressing", message: obstacle };
  if (looping !== undefined) return { phase: "Degraded", message: looping };
  if (standing.isFirstLook) return { phase: "Initializing", message: primary.message };
  switch (primary.reason) {
    case "TopologyUnreachable":
    case "PrimaryStale":
      return { phase: "Unknown", message: primary.message };
    case "NoPrimary":
      return { phase: "Degraded", message: primary.message };
    default:
      return byWorkloads(standing, primary);
  }
}

/** While pods of a new shard are on their way, its data plane has nothing to tell: that it was not looked at yet is no news. */
function withoutLook(standing: Standing): Standing {
  const { isFirstLook, hadPrimary, view, facts: { counts } } = standing;
  if (!isFirstLook || hadPrimary || counts.ready >= counts.wanted) return standing;
  const shard = { ...view.shard, topology: { kind: "empty" } as const };
  return { ...standing, isFirstLook: false, view: { ...view, shard } };
}

function byWorkloads(standing: Standing, primary: Statement): { phase: Phase; message: string } {
  const { facts: { counts }, orchReady } = standing;
  if (counts.ready < counts.wanted || !orchReady) {
    const orchestrators = orchReady ? "ready" : "not ready";
    const message = `${counts.ready} of ${counts.wanted} pods are Ready, orchestrators are ${orchestrators}`;
    return { phase: "Progressing", message };
  }
  if (primary.reason === "NoEvidence") return withoutPoolers(standing);
  if (primary.status !== "True") return { phase: "Progressing", message: primary.message };
  const ready = readyStatement(standing, primary);
  return ready.status === "True"
    ? { phase: "Healthy", message: "Ready" }
    : { phase: "Progressing", message: ready.message };
}

function withoutPoolers({ readySeconds = 0 }: Standing): { phase: Phase; message: string } {
  if (readySeconds < REGISTRATION_SECONDS) {
    return { phase: "Progressing", message: "All pods are Ready; their poolers are to register" };
  }
  if (readySeconds < GRACE_SECONDS) return { phase: "Healthy", message: "Ready" };
  const message = `No pooler has registered within ${GRACE_SECONDS} s after the pods became Ready`;
  return { phase: "Unknown", message };
}
