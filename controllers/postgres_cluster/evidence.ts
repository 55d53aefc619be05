/**
 * What the members themselves say. Pods that are ready prove that containers run, not that there is one leader whom the
 * others follow; that is asked of Patroni, beside the reconciles, every few seconds.
 *
 * | what Patroni's list says                        | verdict                                         |
 * | ----------------------------------------------- | ----------------------------------------------- |
 * | one leader runs; each ready pod else streams    | good                                            |
 * | from it, on its timeline                        |                                                 |
 * | anything else                                   | bad, with the reason                            |
 * | there is no list, for less than 120 s           | grace: workloads count, as they do at the start |
 * | there is no list, for longer                    | missing: nobody knows, so nobody says "Running" |
 */
import { ports } from "../../api/smoketurner/ports.ts";
import type { Background, Progress, Task } from "../../kube/background.ts";
import type { BackoffPolicy } from "../../kube/backoff.ts";
import type { ReconcileContext } from "../../kube/controller.ts";
import {
  isLeader,
  type PatroniClient,
  type PatroniCluster,
  type PatroniMember,
} from "../../postgres/patroni/rest.ts";
import type { Member } from "./members.ts";

export type Evidence =
  /** No member is ready yet, so nobody was asked. */
  | { readonly kind: "none" }
  | { readonly kind: "grace"; readonly message: string }
  | { readonly kind: "missing"; readonly message: string }
  | { readonly kind: "good"; readonly report: PatroniCluster }
  | {
    readonly kind: "bad";
    readonly reason: BadReason;
    readonly message: string;
    readonly report: PatroniCluster;
  };

export type BadReason = "NoLeader" | "NotStreaming" | "OtherTimeline" | "Unlisted";

/** A leader that is lost must be missed within 5 s, in milliseconds. */
const FRESH_MS = 3_000;
/** Without any answer, workloads count for so long, in milliseconds. */
export const GRACE_MS = 120_000;
/** Pauses after questions that nobody answered. */
export const EVIDENCE_BACKOFF: BackoffPolicy = { firstMs: 1_000, capMs: 10_000, jitter: 0.2 };
/** Members that are asked at a time: whoever answers first is believed. */
const ASKED = 3;

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
  readonly addresses: readonly string[];
  /** The members that were ready: an answer from before they changed may not tell of them. */
  readonly members: string;
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
  if (addresses.length === 0) {
    forgetEvidence(tools);
    return { kind: "none" };
  }
  const now: Asked = { addresses, members: signatureOf(members) };
  if (asked.get(key)?.members !== now.members) background.outdate(key);
  asked.set(key, now);
  const task: Task<PatroniCluster> = {
    id: "cluster",
    freshMs: () => FRESH_MS,
    run: (signal) => firstAnswer(asked.get(key)?.addresses ?? [], client, signal),
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

/** What of a list is news: of lags only that they doubled or halved, from a mebibyte on. */
function digestOf({ members, paused }: PatroniCluster): string {
  const seen = members.map(({ name, role, state, timeline, lagBytes, pendingRestart }) =>
    [name, role, state, timeline, magnitude(lagBytes), pendingRestart].join()
  );
  return JSON.stringify([...seen.sort(), paused]);
}

function magnitude(lagBytes: number | undefined): number | string {
  if (lagBytes === undefined) return "unknown";
  return lagBytes < 2 ** 20 ? 0 : Math.floor(Math.log2(lagBytes));
}

/** Those who know most first: the primary, then members that are ready. */
function askable(members: readonly Member[], { addressOf }: EvidenceTools): string[] {
  const able = members.filter(({ ready, leaving }) => ready && !leaving);
  const ordered = [...able].sort((a, b) => rank(a) - rank(b));
  return ordered.slice(0, ASKED).flatMap((member) => addressOf(member) ?? []);
}

function rank({ role }: Member): number {
  return role === "primary" ? 0 : 1;
}

async function firstAnswer(
  addresses: readonly string[],
  client: PatroniClient,
  signal: AbortSignal,
): Promise<PatroniCluster> {
  try {
    return await Promise.any(addresses.map((address) => client.cluster(address, signal)));
  } catch (error) {
    throw error instanceof AggregateError ? error.errors[0] : error;
  }
}

/** What progress of the question means for the members that are there. */
export function judge(progress: Progress<PatroniCluster>, members: readonly Member[]): Evidence {
  switch (progress.kind) {
    case "pending":
      return { kind: "grace", message: "The members are being asked" };
    case "failed": {
      const message = `No member says how the cluster is: ${progress.error.message}`;
      return progress.failingMs < GRACE_MS ? { kind: "grace", message } : { kind: "missing", message };
    }
    case "done": {
      const verdict = verdictOf(progress.result, members);
      const isStale = progress.outdated && verdict.kind === "bad" && verdict.reason !== "NoLeader";
      return isStale ? { kind: "grace", message: "The members are being asked again" } : verdict;
    }
  }
}

/** Compares Patroni's list with the pods. */
export function verdictOf(report: PatroniCluster, members: readonly Member[]): Evidence {
  const found = faultOf(report, members);
  return found === undefined ? { kind: "good", report } : { kind: "bad", ...found, report };
}

interface Fault {
  readonly reason: BadReason;
  readonly message: string;
}

function faultOf({ members: listed }: PatroniCluster, members: readonly Member[]): Fault | undefined {
  const leader = listed.find(isLeader);
  if (leader === undefined) return { reason: "NoLeader", message: "Patroni lists no leader" };
  if (leader.state !== "running") {
    return { reason: "NoLeader", message: `The leader ${leader.name} is not running but ${leader.state}` };
  }
  const pod = members.find(({ name }) => name === leader.name);
  if (pod === undefined || !pod.ready) {
    const why = pod === undefined ? "has no pod" : "is not ready";
    return { reason: "NoLeader", message: `The leader ${leader.name} ${why}` };
  }
  const others = members.filter(({ name, ready, leaving }) => name !== leader.name && ready && !leaving);
  for (const { name } of others) {
    const fault = standbyFault(name, leader, listed);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function standbyFault(
  name: string,
  leader: PatroniMember,
  listed: readonly PatroniMember[],
): Fault | undefined {
  const standby = listed.find((each) => each.name === name);
  if (standby === undefined) {
    return { reason: "Unlisted", message: `Member ${name} is ready, but Patroni does not list it` };
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

/** The latest list, where there is one. */
export function reportOf(evidence: Evidence): PatroniCluster | undefined {
  return evidence.kind === "good" || evidence.kind === "bad" ? evidence.report : undefined;
}
