/**
 * How many members the load asks for. Pure: whoever asks brings the load, the past and the time.
 *
 * | first that holds                                  | members        | reason         |
 * | ------------------------------------------------- | -------------- | -------------- |
 * | fewer than the least, or more than the most       | that bound     | OutOfBounds    |
 * | the load is not known                             | as they are    | NoMetrics      |
 * | the load asks for as many as there are            | as they are    | WithinTarget   |
 * | it asks for more, but there are as many as may be | as they are    | AtMaximum      |
 * | it asks for more, and a standby lags              | as they are    | ScaleOutPaused |
 * | it has not asked for more for 60 s on end         | as they are    | Stabilizing    |
 * | it asks for more                                  | more, at most 2 or as many again in 60 s       | ScaledOut |
 * | it asks for fewer, but there are the least        | as they are    | AtMinimum      |
 * | it has not asked for fewer for 300 s on end       | as they are    | Stabilizing    |
 * | it asks for fewer                                 | one fewer, at most one in 60 s                 | ScaledIn  |
 *
 * A new standby copies the whole database from the primary: while another one lags, that would make both worse.
 */
import type { Scaling } from "../../../api/smoketurner/postgres_cluster/scaling.ts";

/** Stabilisation and rates, in seconds and members, as KEDA is told them. */
export const OUT_WINDOW_SECONDS = 60;
export const IN_WINDOW_SECONDS = 300;
export const RATE_SECONDS = 60;
export const OUT_MEMBERS = 2;
export const IN_MEMBERS = 1;

/** A load within a tenth of its target asks for no change, as with Kubernetes' own autoscaler. */
const TOLERANCE = 0.1;
export const DEFAULT_CPU_PERCENT = 70;

/** Load of the members that are ready. */
export interface Load {
  /** Average use of CPU in percent of the request; undefined when it is not asked for. */
  readonly cpuPercent?: number;
  /** Sessions that do something, on all members together. */
  readonly activeSessions?: number;
}

export type LoadFinding =
  | { readonly kind: "known"; readonly load: Load; readonly id: number }
  | { readonly kind: "unknown"; readonly message: string };

interface Recommendation {
  readonly at: number;
  readonly members: number;
}

interface ScaleChange {
  readonly at: number;
  readonly from: number;
  readonly to: number;
}

/** What was asked for and done lately. It begins anew with each process, which makes nothing happen sooner. */
export interface History {
  /** Since when, in seconds. */
  readonly since: number;
  readonly recommendations: readonly Recommendation[];
  readonly changes: readonly ScaleChange[];
  /** The load that was taken in last. */
  readonly id?: number;
}

export interface Question {
  readonly scaling: Scaling;
  /** `spec.replicas`. */
  readonly replicas: number;
  /** Members that there are to be now. */
  readonly current: number;
  readonly load: LoadFinding;
  readonly lagging: boolean;
  readonly history: History;
  /** Seconds of a clock that never goes back. */
  readonly now: number;
}

export type Reason =
  | "OutOfBounds"
  | "NoMetrics"
  | "WithinTarget"
  | "AtMaximum"
  | "AtMinimum"
  | "ScaleOutPaused"
  | "Stabilizing"
  | "ScaledOut"
  | "ScaledIn";

export interface Decision {
  readonly members: number;
  readonly reason: Reason;
  readonly message: string;
  readonly history: History;
}

/** Whether the number of members follows the load: only when there is room above `spec.replicas`. */
export function isActive(scaling: Scaling | undefined, replicas: number): scaling is Scaling {
  return scaling !== undefined && scaling.maxReplicas > replicas;
}

/** The least and the most members. */
export function boundsOf(
  scaling: Scaling,
  replicas: number,
): { readonly least: number; readonly most: number } {
  const least = Math.max(1, scaling.minReplicas ?? replicas);
  return { least, most: Math.max(least, scaling.maxReplicas) };
}

export function freshHistory(now: number): History {
  return { since: now, recommendations: [], changes: [] };
}

export function decide(question: Question): Decision {
  const { load, current, scaling, replicas } = question;
  const { least, most } = boundsOf(scaling, replicas);
  const history = remembered(question);
  const bounded = Math.min(most, Math.max(least, current));
  if (bounded !== current) {
    return changed(question, history, {
      members: bounded,
      reason: "OutOfBounds",
      message: `between ${least} and ${most} members are wanted`,
    });
  }
  if (load.kind === "unknown") {
    return { members: current, reason: "NoMetrics", message: load.message, history };
  }
  const wanted = recommendation(question);
  if (wanted === current) {
    return { members: current, reason: "WithinTarget", message: "The load is near its targets", history };
  }
  return wanted > current ? scaleOut(question, history, most) : scaleIn(question, history, least);
}

/** The past with what is known now, and without what no window reaches any more. */
function remembered(question: Question): History {
  const { history, load, now } = question;
  const recent = <T extends { readonly at: number }>(all: readonly T[]) =>
    all.filter(({ at }) => now - at <= IN_WINDOW_SECONDS);
  const kept = {
    ...history,
    recommendations: recent(history.recommendations),
    changes: recent(history.changes),
  };
  if (load.kind === "unknown" || load.id === history.id) return kept;
  const members = recommendation(question);
  return { ...kept, id: load.id, recommendations: [...kept.recommendations, { at: now, members }] };
}

/** Members that the load asks for, whatever the bounds. The measure that asks for most counts. */
export function recommendation({ scaling, current, load }: Question): number {
  if (load.kind === "unknown") return current;
  const { cpuPercent, activeSessions } = load.load;
  const { cpu, connections } = scaling.metrics ?? {};
  const wanted = [
    ...(cpuPercent === undefined
      ? []
      : [ask(cpuPercent / (cpu?.targetUtilization ?? DEFAULT_CPU_PERCENT), current)]),
    ...(activeSessions === undefined || connections === undefined
      ? []
      : [ask(activeSessions / current / connections.targetPerReplica, current)]),
  ];
  return wanted.length === 0 ? current : Math.max(1, ...wanted);
}

/** @param ratio of load and target */
function ask(ratio: number, current: number): number {
  // A ratio of 1.1 is 1.1000000000000001 in some sums.
  return Math.abs(ratio - 1) <= TOLERANCE + 1e-9 ? current : Math.ceil(current * ratio - 1e-9);
}

function scaleOut(question: Question, history: History, most: number): Decision {
  const { current, lagging, now } = question;
  const stay = (reason: Reason, message: string): Decision => ({
    members: current,
    reason,
    message,
    history,
  });
  if (current >= most) return stay("AtMaximum", `The load asks for more than scaling.maxReplicas ${most}`);
  if (lagging) {
    return stay("ScaleOutPaused", "The load asks for more members, but a standby lags: see replicationLag");
  }
  const asked = within(history, now, OUT_WINDOW_SECONDS).map(({ members }) => members);
  const least = Math.min(...asked);
  if (now - history.since < OUT_WINDOW_SECONDS || least <= current) {
    return stay(
      "Stabilizing",
      `The load asks for more members, but not yet for ${OUT_WINDOW_SECONDS} s on end`,
    );
  }
  const room = outRoom(history, current, now);
  if (room <= 0) return stay("Stabilizing", `Members were added within the last ${RATE_SECONDS} s`);
  const members = Math.min(most, least, current + room);
  return changed(question, history, { members, reason: "ScaledOut", message: why(question) });
}

function scaleIn(question: Question, history: History, least: number): Decision {
  const { current, now } = question;
  const stay = (reason: Reason, message: string): Decision => ({
    members: current,
    reason,
    message,
    history,
  });
  if (current <= least) return stay("AtMinimum", `The load asks for fewer than the least, ${least}`);
  const most = Math.max(...within(history, now, IN_WINDOW_SECONDS).map(({ members }) => members));
  if (now - history.since < IN_WINDOW_SECONDS || most >= current) {
    return stay(
      "Stabilizing",
      `The load asks for fewer members, but not yet for ${IN_WINDOW_SECONDS} s on end`,
    );
  }
  const gone = since(history, now).reduce((sum, { from, to }) => sum + Math.max(0, from - to), 0);
  if (gone >= IN_MEMBERS) {
    return stay("Stabilizing", `A member was taken away within the last ${RATE_SECONDS} s`);
  }
  return changed(question, history, {
    members: current - IN_MEMBERS,
    reason: "ScaledIn",
    message: why(question),
  });
}

/** Members that may still be added: 2, or as many as there were, whichever is more, within 60 s. */
function outRoom(history: History, current: number, now: number): number {
  const added = since(history, now).reduce((sum, { from, to }) => sum + Math.max(0, to - from), 0);
  return Math.max(OUT_MEMBERS, current - added) - added;
}

function within({ recommendations }: History, now: number, seconds: number): readonly Recommendation[] {
  return recommendations.filter(({ at }) => now - at <= seconds);
}

function since({ changes }: History, now: number): readonly ScaleChange[] {
  return changes.filter(({ at }) => now - at < RATE_SECONDS);
}

function why({ load, scaling, current }: Question): string {
  if (load.kind === "unknown") return load.message;
  const { cpuPercent, activeSessions } = load.load;
  const { cpu, connections } = scaling.metrics ?? {};
  const parts = [
    ...(cpuPercent === undefined ? [] : [
      `CPU use is ${Math.round(cpuPercent)} % (target ${cpu?.targetUtilization ?? DEFAULT_CPU_PERCENT} %)`,
    ]),
    ...(activeSessions === undefined || connections === undefined ? [] : [
      `${
        Math.round(activeSessions / current)
      } sessions are active on each member (target ${connections.targetPerReplica})`,
    ]),
  ];
  return parts.join(", ");
}

type Outcome = Pick<Decision, "members" | "reason" | "message">;

function changed(
  { current, now }: Question,
  history: History,
  { members, reason, message }: Outcome,
): Decision {
  const changes = [...history.changes, { at: now, from: current, to: members }];
  return {
    members,
    reason,
    message: `${current} to ${members} members: ${message}`,
    history: { ...history, changes },
  };
}
