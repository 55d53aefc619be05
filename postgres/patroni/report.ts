/**
 * What the members of a cluster say, put together: who leads, who follows, and how far behind. Each member is asked about
 * itself alone. `GET /cluster` would tell all at once, but on Kubernetes it makes Patroni renew the version of the lock that it
 * may be about to take: a question at the wrong moment lets a member take the lock from one that was just elected, and rows
 * that the latter acknowledged are lost. See docs/decisions/0037-members-speak-for-themselves.md.
 */
import type { Follower, PatroniAnswer } from "./rest.ts";

/** A member as all that answered know it. */
export interface PatroniMember {
  readonly name: string;
  /** `leader`, `master` or `primary`, `standby_leader`, `replica`, `sync_standby` or `quorum_standby`. */
  readonly role: string;
  /** `running`, `streaming`, `in archive recovery`, `starting`, `stopped`, `start failed`, … */
  readonly state: string;
  readonly timeline: number | undefined;
  /** Bytes behind the leader; undefined for the leader, and where one of both positions is not known. */
  readonly lagBytes: number | undefined;
  /** Settings were changed that only a restart brings into force. */
  readonly pendingRestart: boolean;
}

/** A member that was asked in vain. */
export interface SilentMember {
  readonly name: string;
  readonly message: string;
  /** For how long, in milliseconds. */
  readonly silentMs: number;
}

export interface PatroniCluster {
  /** Those that answered, and those that a leader which answered sees streaming. */
  readonly members: readonly PatroniMember[];
  readonly silent: readonly SilentMember[];
  /** Patroni is told to leave everything as it is: nobody is promoted. */
  readonly paused: boolean;
}

/** A member's answer, by its name. */
export type NamedAnswer = readonly [name: string, answer: PatroniAnswer];

/** Roles of a member that takes writes, or would, were its cluster not a standby of another one. */
const LEADING: ReadonlySet<string> = new Set(["leader", "master", "primary", "standby_leader"]);

export function isLeader({ role }: Pick<PatroniMember, "role">): boolean {
  return LEADING.has(role);
}

/** Puts answers together. A member that is silent itself is listed when the only leader says that it streams. */
export function reportFrom(
  answers: readonly NamedAnswer[],
  silent: readonly SilentMember[] = [],
): PatroniCluster {
  const leaders = answers.filter(([, answer]) => isLeader(answer));
  const [leader] = leaders.length === 1 ? leaders : [];
  const own = answers.map(([name, answer]) => memberOf(name, answer, leader?.[1]));
  const seen = silent.flatMap(({ name }) => silentMemberOf(name, leader?.[1]));
  return {
    members: [...own, ...seen].sort((a, b) => a.name < b.name ? -1 : 1),
    silent,
    paused: answers.some(([, { paused }]) => paused),
  };
}

function memberOf(name: string, answer: PatroniAnswer, leader: PatroniAnswer | undefined): PatroniMember {
  const { role, state, replicationState, position, pendingRestart } = answer;
  const [leads, runs] = [isLeader(answer), state === "running"];
  const common = { name, role, pendingRestart };
  if (leads) return { ...common, state, timeline: answer.timeline, lagBytes: undefined };
  const behind = leader?.position === undefined || position === undefined
    ? undefined
    // The leader may have been asked a moment before.
    : Math.max(0, leader.position - position);
  // A standby learns of its leader's timeline up to 20 s after it streams along it, and before 3.1 it does not say that it does.
  const isSeen = runs && followerOf(name, leader)?.state === "streaming";
  return {
    ...common,
    state: isSeen ? "streaming" : runs ? replicationState ?? state : state,
    timeline: isSeen ? leader?.timeline : answer.timeline,
    lagBytes: behind,
  };
}

function followerOf(name: string, leader: PatroniAnswer | undefined): Follower | undefined {
  return leader?.followers.find((each) => each.name === name);
}

/** A member that says nothing, as its leader knows it. */
function silentMemberOf(name: string, leader: PatroniAnswer | undefined): PatroniMember[] {
  const follower = followerOf(name, leader);
  if (follower === undefined) return [];
  const { state, synchronous } = follower;
  const role = synchronous ? "sync_standby" : "replica";
  return [{ name, role, state, timeline: leader?.timeline, lagBytes: undefined, pendingRestart: false }];
}
