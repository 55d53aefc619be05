/**
 * What the members themselves say. Pods that are ready prove that containers run, not that there is one leader whom the
 * others follow; that each member's Patroni is asked, beside the reconciles, every few seconds.
 *
 * | what the members say                                | verdict                                         |
 * | --------------------------------------------------- | ----------------------------------------------- |
 * | one leads and runs; each ready pod else streams     | good                                            |
 * | from it, on its timeline                            |                                                 |
 * | anything else                                       | bad, with the reason                            |
 * | this process has just begun, and asked for the      | pending: what the status says stays until they  |
 * | first time                                          | have answered                                   |
 * | one that matters has been silent for less than 10 s | grace: workloads count, as they do at the start |
 * | nobody says anything, for less than 120 s           | grace                                           |
 * | nobody says anything, for longer                    | missing: nobody knows, so nobody says "Running" |
 *
 * A standby that is silent does not matter while the leader says that it streams.
 */
import { ports } from "../../api/smoketurner/ports.ts";
import type { Background, Progress, Task } from "../../kube/background.ts";
import type { BackoffPolicy } from "../../kube/backoff.ts";
import type { Clock } from "../../kube/clock.ts";
import type { ReconcileContext } from "../../kube/controller.ts";
import {
  isLeader,
  type NamedAnswer,
  type PatroniCluster,
  type PatroniMember,
  reportFrom,
  type SilentMember,
} from "../../postgres/patroni/report.ts";
import { type PatroniClient, PatroniError } from "../../postgres/patroni/rest.ts";
import type { Member } from "./members.ts";

export type Evidence =
  /** No member is ready yet, so nobody was asked. */
  | { readonly kind: "none" }
  /** The first question of this process is under way. */
  | { readonly kind: "pending"; readonly message: string }
  | { readonly kind: "grace"; readonly message: string }
  | { readonly kind: "missing"; readonly message: string }
  | {
    readonly kind: "good";
    readonly report: PatroniCluster;
    /** Pods have changed since the members were asked, and they are being asked again. */
    readonly outdated: boolean;
  }
  | {
    readonly kind: "bad";
    readonly reason: BadReason;
    readonly message: string;
    readonly report: PatroniCluster;
  };

export type BadReason = "NoLeader" | "TwoLeaders" | "NotStreaming" | "OtherTimeline" | "NoAnswer";

/** A leader that is lost must be missed within 5 s, in milliseconds. */
const FRESH_MS = 3_000;
/** Without any answer, workloads count for so long, in milliseconds. */
export const GRACE_MS = 120_000;
/** Pauses after questions that nobody answered. */
export const EVIDENCE_BACKOFF: BackoffPolicy = { firstMs: 1_000, capMs: 10_000, jitter: 0.2 };
/** A member that is busy may miss two questions, in milliseconds. */
export const SILENCE_MS = 10_000;

export interface EvidenceTools {
  readonly background: Background<PatroniCluster>;
  readonly client: PatroniClient;
  /** Whom to ask for each cluster: the work goes on by itself, while pods come and go. */
  readonly asked: Map<string, Asked>;
  /** Of the cluster. */
  readonly key: string;
  /** Where a member's Patroni answers: scheme, host and port. */
  readonly addressOf: (member: Member) => string | undefined;
}

export interface Asked {
  /** Addresses by the names of members. */
  readonly addresses: ReadonlyMap<string, string>;
  /** The members that were ready: an answer from before they changed may not tell of them. */
  readonly members: string;
  /** Since when members have been silent, by their names, in monotonic milliseconds. */
  readonly silentSince: Map<string, number>;
}

/** Where Patroni answers in a pod. Spilo serves it without TLS. */
export function podAddress({ address }: Member): string | undefined {
  if (address === undefined) return undefined;
  return `http://${address.includes(":") ? `[${address}]` : address}:${ports.patroni.port}`;
}

/** Asks the members when that is due, and tells what is known. Returns at once. */
export function findEvidence(
  members: readonly Member[],
  tools: EvidenceTools,
  context: Pick<ReconcileContext, "clock" | "signal">,
): Evidence {
  const { background, asked, key, client } = tools;
  const addresses = askable(members, tools);
  if (addresses.size === 0) {
    forgetEvidence(tools);
    return { kind: "none" };
  }
  const before = asked.get(key);
  const now: Asked = {
    addresses,
    members: signatureOf(members),
    silentSince: before?.silentSince ?? new Map(),
  };
  if (before?.members !== now.members) background.outdate(key);
  asked.set(key, now);
  const task: Task<PatroniCluster> = {
    id: "members",
    freshMs: () => FRESH_MS,
    run: (signal) => askMembers(asked.get(key) ?? now, { client, clock: context.clock }, signal),
    digest: digestOf,
  };
  return judge(background.look(key, task, context), members);
}

/** Drops what is kept for a cluster. */
export function forgetEvidence({ background, asked, key }: EvidenceTools): void {
  background.forget(key);
  asked.delete(key);
}

function signatureOf(members: readonly Member[]): string {
  return members.filter(({ ready }) => ready).map(({ pod }) => pod.metadata.uid).join();
}

/** What of a report is news: of lags only that they doubled or halved, from a mebibyte on. */
function digestOf({ members, silent, paused }: PatroniCluster): string {
  const seen = members.map(({ name, role, state, timeline, lagBytes, pendingRestart }) =>
    [name, role, state, timeline, magnitude(lagBytes), pendingRestart].join()
  );
  return JSON.stringify([seen, silent.map(({ name, silentMs }) => [name, silentMs < SILENCE_MS]), paused]);
}

function magnitude(lagBytes: number | undefined): number | string {
  if (lagBytes === undefined) return "unknown";
  return lagBytes < 2 ** 20 ? 0 : Math.floor(Math.log2(lagBytes));
}

function askable(members: readonly Member[], { addressOf }: EvidenceTools): ReadonlyMap<string, string> {
  const able = members.filter(({ ready, leaving }) => ready && !leaving);
  return new Map(able.flatMap((member) => {
    const address = addressOf(member);
    return address === undefined ? [] : [[member.name, address]];
  }));
}

/** Asks each member about itself. @throws PatroniError when nobody answers */
export async function askMembers(
  { addresses, silentSince }: Asked,
  { client, clock }: { readonly client: PatroniClient; readonly clock: Clock },
  signal: AbortSignal,
): Promise<PatroniCluster> {
  const said = await Promise.all([...addresses].map(async ([name, address]): Promise<Said> => {
    try {
      const answer = await askMember(name, address, client, signal);
      silentSince.delete(name);
      return { answers: [[name, answer]], silent: [] };
    } catch (error) {
      const now = clock.monotonic();
      const since = silentSince.get(name) ?? now;
      silentSince.set(name, since);
      const message = error instanceof Error ? error.message : String(error);
      return { answers: [], silent: [{ name, message, silentMs: now - since }] };
    }
  }));
  for (const name of silentSince.keys()) if (!addresses.has(name)) silentSince.delete(name);
  const answers = said.flatMap((each) => each.answers);
  const silent = said.flatMap((each) => each.silent);
  // In the order of members, not of answers: each change of its words would be written down.
  if (answers.length === 0) throw new PatroniError(silent[0]?.message ?? "There is no member to be asked");
  return reportFrom(answers, silent);
}

/** What one member says, or that it says nothing. */
interface Said {
  readonly answers: readonly NamedAnswer[];
  readonly silent: readonly SilentMember[];
}

/** An address may have gone over to another pod. */
async function askMember(name: string, address: string, client: PatroniClient, signal: AbortSignal) {
  const answer = await client.member(address, signal);
  if (answer.name === undefined || answer.name === name) return answer;
  throw new PatroniError(`GET ${address}/patroni is answered by ${answer.name}`);
}

const ASKED_AGAIN = "The members are being asked again";

/** What progress of the question means for the members that are there. */
export function judge(progress: Progress<PatroniCluster>, members: readonly Member[]): Evidence {
  switch (progress.kind) {
    case "pending":
      return { kind: "pending", message: "The members are being asked" };
    case "failed": {
      const message = `No member says how the cluster is: ${progress.error.message}`;
      return progress.failingMs < GRACE_MS ? { kind: "grace", message } : { kind: "missing", message };
    }
    case "done": {
      const verdict = verdictOf(progress.result, members);
      if (!progress.outdated) return verdict;
      if (verdict.kind === "good") return { ...verdict, outdated: true };
      const isStale = verdict.kind === "bad" && verdict.reason !== "NoLeader";
      return isStale ? { kind: "grace", message: ASKED_AGAIN } : verdict;
    }
  }
}

/** Compares what members say with the pods. */
export function verdictOf(report: PatroniCluster, members: readonly Member[]): Evidence {
  const ready = members.filter(({ ready, leaving }) => ready && !leaving);
  const found = faultOf(report, ready);
  if (found === undefined) return { kind: "good", report, outdated: false };
  const { silent } = found;
  // One that has just become silent may only be busy.
  if (silent !== undefined && silent.silentMs < SILENCE_MS) {
    return { kind: "grace", message: `${silent.name} does not answer yet: ${silent.message}` };
  }
  return { kind: "bad", reason: found.reason, message: found.message, report };
}

interface Fault {
  readonly reason: BadReason;
  readonly message: string;
  /** Whose answer might clear it. */
  readonly silent?: SilentMember;
}

function faultOf(report: PatroniCluster, ready: readonly Member[]): Fault | undefined {
  const leaders = report.members.filter(isLeader);
  const running = leaders.filter(({ state }) => state === "running");
  if (running.length > 1) {
    return {
      reason: "TwoLeaders",
      message: `${running.map(({ name }) => name).join(" and ")} take writes at the same time`,
    };
  }
  const [leader] = running;
  if (leader === undefined) return leaderFault(leaders, report, ready);
  if (!ready.some(({ name }) => name === leader.name)) {
    return { reason: "NoLeader", message: `The leader ${leader.name} is not ready` };
  }
  for (const { name } of ready) {
    const fault = name === leader.name ? undefined : standbyFault(name, leader, report);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function leaderFault(
  [leader]: readonly PatroniMember[],
  report: PatroniCluster,
  ready: readonly Member[],
): Fault {
  const reason = "NoLeader";
  if (leader !== undefined) {
    return { reason, message: `The leader ${leader.name} is not running but ${leader.state}` };
  }
  const silent = report.silent.find((each) => ready.some(({ name }) => name === each.name));
  if (silent === undefined) return { reason, message: "No member that is ready leads" };
  const message = `Nobody leads of those that answer, and ${silent.name} does not: ${silent.message}`;
  return { reason, message, silent };
}

function standbyFault(name: string, leader: PatroniMember, report: PatroniCluster): Fault | undefined {
  const standby = report.members.find((each) => each.name === name);
  if (standby === undefined) {
    const silent = report.silent.find((each) => each.name === name);
    const why = silent === undefined ? "was not asked yet" : `does not answer: ${silent.message}`;
    return {
      reason: "NoAnswer",
      message: `Standby ${name} ${why}`,
      ...(silent === undefined ? {} : { silent }),
    };
  }
  if (standby.state !== "streaming") {
    return { reason: "NotStreaming", message: `Standby ${name} does not stream but is ${standby.state}` };
  }
  if (standby.timeline !== leader.timeline) {
    const message = `Standby ${name} is on timeline ${standby.timeline}, the leader on ${leader.timeline}`;
    return { reason: "OtherTimeline", message };
  }
  return undefined;
}

/** Whether members speak against it that the cluster is well. */
export function contradicts({ kind }: Evidence): boolean {
  return kind === "bad" || kind === "missing";
}

/** What is waited for before members are touched: their own word on how they are now. Undefined when they have given it. */
export function awaitedWord(evidence: Evidence): string | undefined {
  if (evidence.kind === "pending" || evidence.kind === "grace") return evidence.message;
  return evidence.kind === "good" && evidence.outdated ? ASKED_AGAIN : undefined;
}

/** The latest report, where there is one. */
export function reportOf(evidence: Evidence): PatroniCluster | undefined {
  return evidence.kind === "good" || evidence.kind === "bad" ? evidence.report : undefined;
}
