/**
 * Which one thing is done next to a running member: restarted, resized, or relieved of its office. One at a time, standbys
 * before the primary, and never while another member is missing.
 *
 * | first that holds                                            | what happens                                        |
 * | ----------------------------------------------------------- | --------------------------------------------------- |
 * | a member that is not ready runs with something else than    | it is restarted: the change may be its cure         |
 * | what is asked for                                           |                                                     |
 * | nobody has anything to change                               | nothing                                             |
 * | a member is missing or not ready, or members contradict, or | wait                                                |
 * | have not said how they are since a pod changed              |                                                     |
 * | members are labelled by Patroni, but not one as primary     | wait: somebody is taking over                       |
 * | a member is being resized                                   | wait                                                |
 * | a standby is to be resized, then: to be restarted           | the one with the highest number                     |
 * | the primary is to be resized in place                       | it is                                               |
 * | the primary is to be restarted, or to go as surplus         | a standby takes over first, where there is one      |
 *
 * A database that is not on its volume is lost with its container. Such a member is restarted only while another one
 * streams from it, or it from another; a single one never is.
 */
import { type Cluster, mayRestartForResources } from "./shape.ts";
import { awaitedWord, contradicts, type Evidence, reportOf } from "./evidence.ts";
import { type Member, primariesOf, primaryOf } from "./members.ts";

export type Change =
  | { readonly kind: "none" }
  | { readonly kind: "restart"; readonly member: Member; readonly why: string }
  | { readonly kind: "resize"; readonly member: Member }
  | { readonly kind: "hand-over"; readonly leader: Member; readonly candidate: Member; readonly why: string }
  /** An answer is on its way. Usually it is there at once, so nobody is told: what lasts stands in conditions of its own. */
  | { readonly kind: "moment"; readonly message: string }
  /** It goes on by itself, or somebody else is at it. */
  | { readonly kind: "wait"; readonly reason: string; readonly message: string }
  /** People have to do something. */
  | { readonly kind: "held"; readonly reason: HeldReason; readonly message: string };

/** What goes on without our doing. */
export type AwaitedChange = Extract<Change, { kind: "moment" | "wait" }>;

export type HeldReason = "ResizeDeferred" | "ResizeInfeasible" | "DataNotOnVolume";

export interface ChangeInput {
  readonly cluster: Cluster;
  readonly members: readonly Member[];
  /** Members that there should be. */
  readonly desired: number;
  readonly evidence: Evidence;
}

const NONE: Change = { kind: "none" };

/** Decides what is to be done next. */
export function nextChange(input: ChangeInput): Change {
  const due = input.members.filter((member) => isDue(member, input));
  const broken = due.find((member) => !member.ready && !member.leaving && restarts(member, input));
  if (broken !== undefined) return restart(broken, input, `${broken.name} is not ready as it is`);
  if (due.length === 0) return NONE;
  return obstacle(input) ?? held(due, input) ?? nextOf(due, input);
}

/** Whether a member does not run with what is asked for, in place or by a restart. */
export function isDue(member: Member, { desired }: Pick<ChangeInput, "desired">): boolean {
  // A surplus member goes; nobody changes it before.
  return member.ordinal < desired && (member.outdated || member.resize.kind !== "done");
}

/** Whether a member needs, and may have, a restart. */
function restarts(member: Member, { cluster }: ChangeInput): boolean {
  if (member.outdated) return true;
  const { kind } = member.resize;
  return mayRestartForResources(cluster) && (kind === "impossible" || kind === "infeasible");
}

function obstacle({ members, desired, evidence }: ChangeInput): Change | undefined {
  const missing = desired - members.filter(({ ready, ordinal }) => ready && ordinal < desired).length;
  if (missing > 0) {
    return {
      kind: "wait",
      reason: "MemberMissing",
      message: `${missing} of ${desired} members are not ready`,
    };
  }
  if (contradicts(evidence) && "message" in evidence) {
    return { kind: "wait", reason: "MembersUnwell", message: evidence.message };
  }
  // Without their word nobody knows who follows whom, nor who could take over.
  const awaited = awaitedWord(evidence);
  if (awaited !== undefined) return { kind: "moment", message: awaited };
  if (!isLeaderClear(members)) return takingOver(members);
  const running = members.find(({ resize }) => resize.kind === "running");
  if (running === undefined || running.resize.kind !== "running") return undefined;
  return {
    kind: "wait",
    reason: "Resizing",
    message: `${running.name} is being resized: ${running.resize.message}`,
  };
}

/** Whether Patroni's labels say who leads; where it labels nobody, nobody has to. */
export function isLeaderClear(members: readonly Member[]): boolean {
  return primaryOf(members) !== undefined || members.every(({ role }) => role === undefined);
}

/** The wait until one member is labelled as primary: whoever is restarted before may be the leader. */
export function takingOver(members: readonly Member[]): Change {
  const primaries = primariesOf(members).map(({ name }) => name);
  const who = primaries.length === 0 ? "No member is" : `${primaries.join(" and ")} are`;
  return {
    kind: "wait",
    reason: "TakingOver",
    message: `${who} labelled as primary: a member is taking over`,
  };
}

/** Resizes that people have to see to; members that need a restart for another reason are not held up by them. */
function held(due: readonly Member[], input: ChangeInput): Change | undefined {
  if (due.some((member) => member.outdated || restarts(member, input) || member.resize.kind === "due")) {
    return undefined;
  }
  const member = due.find(({ resize }) => resize.kind !== "done");
  if (member === undefined) return undefined;
  const { resize, name } = member;
  if (resize.kind === "deferred") {
    const message = `The node of ${name} has no room for the new resources now: ${resize.message}`;
    return { kind: "held", reason: "ResizeDeferred", message };
  }
  if (resize.kind !== "infeasible" && resize.kind !== "impossible") return undefined;
  const message = `Cannot resize ${name} in place: ${resize.message}. Set annotation ` +
    "postgres-operator.smoketurner.com/resize-fallback to restart to let members be restarted one by one, " +
    "or set the resources back.";
  return { kind: "held", reason: "ResizeInfeasible", message };
}

function nextOf(due: readonly Member[], input: ChangeInput): Change {
  const primary = primaryOf(input.members);
  const standbys = due.filter((member) => member !== primary).reverse();
  const resized = standbys.find((member) => resizes(member));
  if (resized !== undefined) return { kind: "resize", member: resized };
  const restarted = standbys.find((member) => restarts(member, input));
  if (restarted !== undefined) return restart(restarted, input, "it is to run with what is asked for now");
  if (primary === undefined || !due.includes(primary)) return NONE;
  if (resizes(primary)) return { kind: "resize", member: primary };
  return restarts(primary, input) ? restartPrimary(primary, input) : NONE;
}

/** A pod that is restarted anyway gets its new resources with that. */
function resizes({ resize, outdated }: Member): boolean {
  return resize.kind === "due" && !outdated;
}

function restart(member: Member, input: ChangeInput, why: string): Change {
  if (!member.onVolume && !isCopied(member, input)) {
    const message =
      `Cannot restart ${member.name} as its database is not on its volume and would be lost: set spec.replicas ` +
      "to 2 or more, so that another member copies it, then it is restarted.";
    return { kind: "held", reason: "DataNotOnVolume", message };
  }
  return { kind: "restart", member, why };
}

/** Whether another member is known to have what this one has. */
function isCopied({ name }: Member, { members, evidence }: ChangeInput): boolean {
  return evidence.kind === "good" &&
    evidence.report.members.some((each) =>
      each.name !== name && members.some((known) => known.name === each.name)
    );
}

function restartPrimary(primary: Member, input: ChangeInput): Change {
  const why = "it is to run with what is asked for now";
  const candidate = candidateFor(primary, input);
  return candidate === undefined
    ? restart(primary, input, why)
    : { kind: "hand-over", leader: primary, candidate, why };
}

/** Standbys without which no commit is acknowledged. While there are any, Patroni lets nobody else take over. */
const SYNCHRONOUS: ReadonlySet<string> = new Set(["sync_standby", "quorum_standby"]);

/**
 * Who takes over: a ready standby that stays, with the least lag that Patroni knows, and a synchronous one where there are
 * any. Without Patroni's word nobody is asked to, as nobody would answer; it then elects a new leader when the old one goes.
 */
export function candidateFor(
  leader: Member,
  { members, evidence, desired }: ChangeInput,
): Member | undefined {
  const report = reportOf(evidence);
  if (report === undefined || report.paused) return undefined;
  const lag = (name: string) => report.members.find((each) => each.name === name)?.lagBytes ?? Infinity;
  const isSynchronous = report.members.some(({ role }) => SYNCHRONOUS.has(role));
  const able = report.members.filter(({ state, role }) =>
    state === "streaming" && (!isSynchronous || SYNCHRONOUS.has(role))
  );
  return members
    .filter((each) => each.name !== leader.name && each.ready && !each.leaving && each.ordinal < desired)
    .filter(({ name }) => able.some((each) => each.name === name))
    .sort((a, b) => lag(a.name) - lag(b.name))[0];
}
