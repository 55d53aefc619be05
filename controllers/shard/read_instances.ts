/** From a look at the data plane to what the decisions know of each instance. */
import { cellLabel } from "../../api/multigres/labels.ts";
import { poolerServiceId } from "../../api/multigres/names.ts";
import type { InstanceEvidence } from "../../topology/poolers/instances.ts";
import { evidenceOf, type PrimaryEvidence, type ShardEvidence } from "../../topology/poolers/evidence.ts";
import { podOf } from "../../topology/records/poolers.ts";
import type { Look, LookProgress } from "./data_plane.ts";
import type { Instances } from "./instances.ts";
import type { Evidence, FreshEvidence, Slot, StrayPooler, Topology } from "./life/model.ts";
import type { Observation } from "./observe.ts";
import { conditionOf } from "./pod_state.ts";
import { podNamesOf, poolViews, type ShardView } from "./view.ts";

/** An answer that is older than so many looks, and 5 s, proves nothing. */
const BOUND_LOOKS = 3;
const BOUND_EXTRA_MS = 5_000;

export interface InstanceSources {
  readonly seen: Observation;
  readonly progress: LookProgress;
  /** Wall clock. */
  readonly now: Date;
  /** Seconds between two looks. */
  readonly evidenceSeconds: number;
}

/**
 * | the look                              | topology    | evidence                                       |
 * | ------------------------------------- | ----------- | ---------------------------------------------- |
 * | has not ended yet                     | unreachable | stale                                          |
 * | failed                                | unreachable | stale                                          |
 * | found no pooler                       | empty       | none                                           |
 * | found some, before something was done | known       | stale: it may not tell of what was done        |
 * | found some, but not all records       | known, or unreachable while nobody leads | stale of those    |
 * | found some                            | known       | as it is                                       |
 */
export function instancesFrom(sources: InstanceSources): Instances {
  const { progress, seen } = sources;
  switch (progress.kind) {
    case "pending":
      return unknown(seen, "The topology is being read");
    case "failed":
      return unknown(seen, progress.error.message);
    case "done": {
      const { poolers } = progress.result.poolers;
      if (poolers.length === 0) return unregistered(progress.result);
      return registered(sources, progress);
    }
  }
}

function unknown({ pods }: Observation, why: string): Instances {
  const stale: Evidence = { kind: "stale" };
  return {
    topology: { kind: "unreachable", why },
    byPod: new Map(pods.map(({ metadata }) => [metadata.name, stale])),
    quarantined: new Set(),
    strays: [],
    roles: new Map(),
    unread: new Set(),
    bootstrapped: false,
    problems: [],
  };
}

function unregistered({ poolers }: Look): Instances {
  const [first] = poolers.unreachable.values();
  const topology: Topology = first === undefined
    ? { kind: "empty" }
    : { kind: "unreachable", why: first.message };
  return {
    topology,
    byPod: new Map(),
    quarantined: new Set(),
    strays: [],
    roles: new Map(),
    unread: new Set(),
    bootstrapped: false,
    problems: [],
  };
}

type Done = Extract<LookProgress, { kind: "done" }>;

function registered({ seen, now, evidenceSeconds }: InstanceSources, { result, outdated }: Done): Instances {
  const { poolers, answers, readAt } = result;
  const boundMs = BOUND_LOOKS * evidenceSeconds * 1_000 + BOUND_EXTRA_MS;
  const evidence = evidenceOf({ poolers, answers, readAt, now, boundMs });
  const names = seen.pods.map(({ metadata }) => metadata.name);
  const byPod = new Map<string, InstanceEvidence>();
  const lost: InstanceEvidence[] = [];
  for (const instance of allOf(evidence)) {
    const pod = podOf(instance.pooler.record, names);
    if (pod === undefined) lost.push(instance);
    else byPod.set(pod, instance);
  }
  const began = beginnings(seen);
  const unread = unreadPods(seen, result);
  return {
    topology: topologyOf(result, evidence),
    byPod: new Map([
      ...unread.map((pod): [string, Evidence] => [pod, { kind: "stale" }]),
      ...[...byPod].map(([pod, instance]): [string, Evidence] => {
        const isOld = outdated || (instance.answeredAt?.getTime() ?? 0) < (began.get(pod) ?? 0);
        return [pod, isOld ? staleOf(instance) : toldBy(instance, evidence)];
      }),
    ]),
    quarantined: new Set([...byPod].flatMap(([pod, { role }]) => role === "quarantined" ? [pod] : [])),
    strays: lost.map((instance) => strayOf(instance, seen.view)),
    roles: new Map(
      [...byPod].flatMap(([pod, { role }]) => role === "stopped" ? [] : [[pod, roleText(role)] as const]),
    ),
    unread: new Set(unread),
    bootstrapped: evidence.cohort !== undefined || allOf(evidence).some(({ claim }) => claim !== undefined),
    problems: evidence.problems,
  };
}

/** While a cell cannot be read, the primary may be there: that nobody leads is known only when all cells are. */
function topologyOf({ poolers }: Look, { primary }: ShardEvidence): Topology {
  const [first] = poolers.unreachable.values();
  return first === undefined || primary !== undefined
    ? { kind: "known" }
    : { kind: "unreachable", why: first.message };
}

/** Pods whose record, if there is one, could not be read: nobody may say that they never registered. */
function unreadPods({ pods }: Observation, { poolers }: Look): string[] {
  const unreadable = poolers.unreadable.map((key) => key.split("/").at(-2) ?? key);
  return pods.filter(({ metadata }) => {
    const cell = metadata.labels?.[cellLabel] ?? "";
    const name = `-${cell}-${poolerServiceId(metadata.name)}`;
    return poolers.unreachable.has(cell) || unreadable.some((id) => id.endsWith(name));
  }).map(({ metadata }) => metadata.name);
}

/** All but those that have stopped: of these the records say nothing that counts. */
function allOf({ primary, standbys }: ShardEvidence): InstanceEvidence[] {
  return [...primary === undefined ? [] : [primary], ...standbys];
}

/** When each pod began, in milliseconds: what an instance said before was said by another process. */
function beginnings({ pods }: Observation): Map<string, number> {
  return new Map(pods.map((pod) => {
    const begun = conditionOf(pod, "PodScheduled")?.lastTransitionTime ?? pod.metadata.creationTimestamp;
    return [pod.metadata.name, Date.parse(begun ?? "")];
  }));
}

function staleOf({ claim }: InstanceEvidence): Evidence {
  return { kind: "stale", ...(claim === undefined ? {} : { claim }) };
}

function toldBy(instance: InstanceEvidence, { primary }: ShardEvidence): Evidence {
  if (instance.answer !== "fresh") return staleOf(instance);
  const role = roleOf(instance, primary);
  const fresh: FreshEvidence = {
    kind: "fresh",
    role,
    ...(instance.claim === undefined ? {} : { term: instance.claim }),
    streaming: instance.streaming === "yes",
    inCohort: instance.inCohort === "yes",
    active: instance.active,
    resigning: instance.resigning,
    ...(instance.lagBytes === undefined ? {} : { lagBytes: instance.lagBytes }),
  };
  return fresh;
}

/**
 * | its own answer | the records name it | it may lead                        | role      |
 * | -------------- | ------------------- | ---------------------------------- | --------- |
 * | standby        |                     |                                    | standby   |
 * | primary        | yes                 | serves, and nobody newer leads     | primary   |
 * | anything else  |                     |                                    | unknown   |
 *
 * Whether enough standbys confirm its commits is judged apart from it.
 */
function roleOf(instance: InstanceEvidence, primary: PrimaryEvidence | undefined): FreshEvidence["role"] {
  if (instance.state === "standby") return "standby";
  const isNamed = instance.state === "primary" && instance.pooler === primary?.pooler;
  return isNamed && instance.serving && !instance.resigning ? "primary" : "unknown";
}

function roleText(role: InstanceEvidence["role"]): string {
  switch (role) {
    case "primary":
      return "PRIMARY";
    case "quarantined":
      return "QUARANTINED";
    case "superseded":
    case "replica":
    case "stopped":
      return "REPLICA";
  }
}

/** Its slot, when it is one of those that are wanted. */
function strayOf({ pooler, id }: InstanceEvidence, view: ShardView): StrayPooler {
  const slots = poolViews(view).flatMap((pool) =>
    podNamesOf(pool).map((name, index): [string, Slot] => [
      poolerServiceId(name),
      { pool: pool.name, cell: pool.cell, index },
    ])
  );
  const slot = slots.find(([serviceId, { cell }]) => serviceId === id.name && cell === id.cell)?.[1];
  return { id: pooler.key, ...(slot === undefined ? {} : { slot }) };
}
