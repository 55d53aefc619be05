/**
 * What is known of a shard, and how surely: from the records of its poolers and from their own answers. Records go on
 * saying what a killed instance said last, so they only name; what counts as proved was answered lately.
 */
import type { PoolerFailure } from "./errors.ts";
import { QuorumType } from "../gen/clustermetadata_pb.ts";
import type { StoredPooler } from "../records/poolers.ts";
import { compareTerms, type Term } from "../records/term.ts";
import type { PoolerId } from "./answers.ts";
import {
  type Certainty,
  type EvidenceInput,
  type InstanceEvidence,
  sameId,
  seeInstances,
  type Sight,
} from "./instances.ts";

export type { EvidenceInput };

export interface ShardEvidence {
  /** Whom the records name; undefined when they name nobody. */
  readonly primary?: PrimaryEvidence;
  /** All others, but for those that have stopped. */
  readonly standbys: readonly InstanceEvidence[];
  /** Of the newest rule that anybody has heard of; undefined when nobody told of one. */
  readonly cohort?: readonly PoolerId[];
  readonly quorum?: Quorum;
  /** The oldest of what was used. */
  readonly observedAt: Date;
  readonly problems: readonly EvidenceProblem[];
}

export interface PrimaryEvidence extends InstanceEvidence, Term {
  /** Whether commits of clients succeed. */
  readonly writable: Certainty;
}

/** What a commit needs, the primary included. */
export interface Quorum {
  readonly of: "instances" | "cells";
  readonly needed: number;
  /** Those that are known to confirm, and those that may. */
  readonly have: number;
  readonly possible: number;
}

export type EvidenceProblem =
  | { readonly kind: "stale_records"; readonly ageMs: number }
  | { readonly kind: "cell_unreachable"; readonly cell: string; readonly message: string }
  | { readonly kind: "unreadable_record"; readonly key: string }
  | { readonly kind: "no_primary" }
  /** More than one says so, and none of them has stopped; the first is the one that counts. */
  | { readonly kind: "several_primaries"; readonly ids: readonly PoolerId[] }
  /** The newest rule names another leader than the records do: a change is under way, or a record was not written. */
  | { readonly kind: "other_leader"; readonly id: PoolerId }
  | {
    readonly kind: "no_answer";
    readonly id: PoolerId;
    readonly failure: PoolerFailure;
    readonly message: string;
  }
  | { readonly kind: "stale_answer"; readonly id: PoolerId; readonly ageMs: number }
  | { readonly kind: "not_streaming"; readonly id: PoolerId }
  /** It receives from somebody who is not the primary. */
  | { readonly kind: "other_source"; readonly id: PoolerId }
  | { readonly kind: "quarantined"; readonly id: PoolerId }
  | { readonly kind: "diverged"; readonly id: PoolerId }
  | { readonly kind: "quorum_short"; readonly needed: number; readonly possible: number };

export function evidenceOf(input: EvidenceInput): ShardEvidence {
  const sight = seeInstances(input);
  const quorum = quorumOf(sight, new Set(input.poolers.unreachable.keys()));
  const primary = primaryOf(sight, quorum);
  const standbys = sight.instances.filter(({ pooler, role }) =>
    pooler !== sight.primary?.pooler && role !== "stopped"
  );
  const times = [input.readAt, ...sight.instances.flatMap(({ answeredAt }) => answeredAt ?? [])];
  return {
    ...(primary === undefined ? {} : { primary }),
    standbys,
    ...(sight.rule === undefined ? {} : { cohort: sight.rule.cohort }),
    ...(quorum === undefined ? {} : { quorum }),
    observedAt: new Date(Math.min(...times.map((time) => time.getTime()))),
    problems: [
      ...problemsOfRecords(input, sight),
      ...sight.instances.flatMap((each) => problemsOfInstance(each, input)),
      ...problemsOfQuorum(quorum),
    ],
  };
}

/**
 * | answer of the primary                                                | commits can be confirmed | writable |
 * | -------------------------------------------------------------------- | ------------------------ | -------- |
 * | none, or too old                                                     |                          | unknown  |
 * | no primary, not ready, resigning, not serving, or has a newer leader |                          | no       |
 * | is primary and ready                                                 | not by all that may      | no       |
 * | is primary and ready                                                 | by those known to        | yes      |
 * | is primary and ready                                                 | by those that may        | unknown  |
 */
function primaryOf(sight: Sight, quorum: Quorum | undefined): PrimaryEvidence | undefined {
  const { primary, rule } = sight;
  if (primary?.claim === undefined) return undefined;
  const superseded = rule !== undefined && compareTerms(rule, primary.claim) > 0 &&
    rule.leader !== undefined && !sameId(rule.leader, primary.id);
  return { ...primary, ...primary.claim, writable: superseded ? "no" : writability(primary, quorum) };
}

function writability(primary: InstanceEvidence, quorum: Quorum | undefined): Certainty {
  if (primary.answer !== "fresh") return "unknown";
  if (!primary.serving || primary.resigning || primary.state !== "primary") return "no";
  if (quorum === undefined) return "unknown";
  if (quorum.possible < quorum.needed) return "no";
  return quorum.have < quorum.needed ? "unknown" : "yes";
}

/**
 * By the durability of the rule; where it tells none, by the primary's own setting.
 * @param unreadCells cells whose records could not be read: members there may well confirm
 */
function quorumOf(sight: Sight, unreadCells: ReadonlySet<string>): Quorum | undefined {
  const { primary, rule, instances } = sight;
  const leads = primary?.answer === "fresh" && primary.state === "primary";
  const members = instances.filter(({ inCohort, role }) => inCohort === "yes" && role !== "stopped");
  const have = members.filter((each) => each.streaming === "yes" || (leads && each === primary))
    .map(({ id }) => id);
  const unknown = members.filter(({ streaming }) => streaming === "unknown").map(({ id }) => id);
  const unread = rule?.cohort.filter(({ cell }) => unreadCells.has(cell)) ?? [];
  const possible = [...have, ...unknown, ...unread];
  if (rule?.durability === undefined) {
    const needed = primary?.confirmations;
    return needed === undefined
      ? undefined
      : { of: "instances", needed: needed + 1, have: have.length, possible: possible.length };
  }
  const { type, count: needed } = rule.durability;
  const counted = type === QuorumType.MULTI_CELL_AT_LEAST_N ? countCells : countInstances;
  return { needed, ...counted(have, possible) };
}

type Counted = Omit<Quorum, "needed">;

function countInstances(have: readonly PoolerId[], possible: readonly PoolerId[]): Counted {
  return { of: "instances", have: have.length, possible: possible.length };
}

function countCells(have: readonly PoolerId[], possible: readonly PoolerId[]): Counted {
  const cells = (ids: readonly PoolerId[]) => new Set(ids.map(({ cell }) => cell)).size;
  return { of: "cells", have: cells(have), possible: cells(possible) };
}

function problemsOfRecords(
  { poolers, readAt, now, boundMs }: EvidenceInput,
  sight: Sight,
): EvidenceProblem[] {
  const problems: EvidenceProblem[] = [];
  const ageMs = now.getTime() - readAt.getTime();
  if (ageMs > boundMs) problems.push({ kind: "stale_records", ageMs });
  for (const [cell, { message }] of poolers.unreachable) {
    problems.push({ kind: "cell_unreachable", cell, message });
  }
  for (const key of poolers.unreadable) problems.push({ kind: "unreadable_record", key });
  return [...problems, ...problemsOfLead(sight)];
}

function problemsOfLead({ primary, instances, rule }: Sight): EvidenceProblem[] {
  if (primary === undefined) return [{ kind: "no_primary" }];
  const problems: EvidenceProblem[] = [];
  const rivals = instances.filter(({ role }) => role === "superseded");
  if (rivals.length > 0) {
    problems.push({ kind: "several_primaries", ids: [primary, ...rivals].map(({ id }) => id) });
  }
  if (rule?.leader !== undefined && !sameId(rule.leader, primary.id)) {
    problems.push({ kind: "other_leader", id: rule.leader });
  }
  return problems;
}

function problemsOfInstance(seen: InstanceEvidence, input: EvidenceInput): EvidenceProblem[] {
  const { id, role } = seen;
  if (role === "stopped") return [];
  const problems: EvidenceProblem[] = [];
  if (role === "quarantined") problems.push({ kind: "quarantined", id });
  if (seen.diverged) problems.push({ kind: "diverged", id });
  if (seen.otherSource) problems.push({ kind: "other_source", id });
  else if (role === "replica" && seen.streaming === "no") problems.push({ kind: "not_streaming", id });
  return [...problems, ...problemsOfAnswer(seen.pooler, id, input)];
}

function problemsOfAnswer(pooler: StoredPooler, id: PoolerId, input: EvidenceInput): EvidenceProblem[] {
  const answer = input.answers.get(pooler.key);
  if (answer?.kind === "failed") {
    const { failure, message } = answer.error;
    return [{ kind: "no_answer", id, failure, message }];
  }
  const ageMs = answer === undefined ? 0 : input.now.getTime() - answer.at.getTime();
  return ageMs > input.boundMs ? [{ kind: "stale_answer", id, ageMs }] : [];
}

function problemsOfQuorum(quorum: Quorum | undefined): EvidenceProblem[] {
  if (quorum === undefined || quorum.possible >= quorum.needed) return [];
  return [{ kind: "quorum_short", needed: quorum.needed, possible: quorum.possible }];
}
