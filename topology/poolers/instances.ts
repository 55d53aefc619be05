/** What is known of each instance of a shard by itself, see `evidence.ts`. */
import {
  PoolerLifecycleStatus as Lifecycle,
  PoolerServingStatus as Serving,
} from "../gen/clustermetadata_pb.ts";
import type { ShardPoolers, StoredPooler } from "../records/poolers.ts";
import { claimedTerm, type PoolerRole, rolesOf } from "../records/roles.ts";
import { compareTerms, type Term } from "../records/term.ts";
import type { LeadershipRule, PoolerId, PoolerStatus } from "./answers.ts";
import type { Answer } from "./ask.ts";

export interface EvidenceInput {
  readonly poolers: ShardPoolers;
  /** When the records were read. */
  readonly readAt: Date;
  /** By the keys of the records. */
  readonly answers: ReadonlyMap<string, Answer>;
  readonly now: Date;
  /** What is older proves nothing, in milliseconds. */
  readonly boundMs: number;
}

export type Certainty = "yes" | "no" | "unknown";

export interface InstanceEvidence {
  readonly pooler: StoredPooler;
  readonly id: PoolerId;
  /** By the records. */
  readonly role: PoolerRole;
  /** The term of its record's claim to be primary. */
  readonly claim?: Term;
  /** `stale`: older than the bound. Everything below that it says of itself is then unknown or false. */
  readonly answer: "fresh" | "stale" | "none";
  readonly answeredAt?: Date;
  /** By its own answer; `unknown` also while PostgreSQL does not accept connections. */
  readonly state: "primary" | "standby" | "unknown";
  /** Its lifecycle is ACTIVE: neither starting, stopping nor quarantined. */
  readonly active: boolean;
  /** Whether it takes queries: active, and neither disabled nor draining. */
  readonly serving: boolean;
  /** It leads, and has asked to be relieved. */
  readonly resigning: boolean;
  readonly diverged: boolean;
  /** Whether it receives from the primary now. */
  readonly streaming: Certainty;
  /** It receives from somebody who is not the primary. */
  readonly otherSource: boolean;
  readonly inCohort: Certainty;
  /** Bytes of the log that the primary has and it has not received, or not replayed; only where both are known. */
  readonly lagBytes?: number;
  readonly replayLagBytes?: number;
  /** Standbys that its PostgreSQL waits for with each commit; only of one that is primary. */
  readonly confirmations?: number;
}

/** All instances, and what they have in common. */
export interface Sight {
  readonly instances: readonly InstanceEvidence[];
  /** Whom the records name. One of {@link instances}. */
  readonly primary?: InstanceEvidence;
  /** The newest that anybody has heard of. */
  readonly rule?: LeadershipRule;
}

/** What one look at all instances needs to know. */
interface Frame {
  readonly rule: LeadershipRule | undefined;
  readonly leader: StoredPooler | undefined;
  /** How far the leader's log goes, in bytes. */
  readonly position: bigint | undefined;
}

export function seeInstances(input: EvidenceInput): Sight {
  const roles = rolesOf(input.poolers.poolers);
  const statuses = new Map(roles.flatMap(({ pooler }) => {
    const status = freshStatus(input, pooler);
    return status === undefined ? [] : [[pooler, status] as const];
  }));
  const rule = newestRule([...statuses.values()]);
  const leader = roles.find(({ role }) => role === "primary")?.pooler;
  const position = leader === undefined ? undefined : statuses.get(leader)?.asPrimary?.position;
  const frame: Frame = { rule, leader, position };
  const instances = roles.map(({ pooler, role }): InstanceEvidence => ({
    ...identityOf(pooler, role),
    ...ageOf(input.answers.get(pooler.key), statuses.has(pooler)),
    ...ownWords(statuses.get(pooler)),
    ...replicationOf(statuses.get(pooler), role, frame),
    inCohort: cohortOf(pooler, rule),
  }));
  const primary = instances.find(({ role }) => role === "primary");
  return {
    instances,
    ...(primary === undefined ? {} : { primary }),
    ...(rule === undefined ? {} : { rule }),
  };
}

export function sameId(a: PoolerId, b: PoolerId): boolean {
  return a.cell === b.cell && a.name === b.name;
}

function freshStatus(
  { answers, readAt, now, boundMs }: EvidenceInput,
  { key }: StoredPooler,
): PoolerStatus | undefined {
  const answer = answers.get(key);
  const oldest = now.getTime() - boundMs;
  if (answer?.kind !== "answered" || answer.at.getTime() < oldest || readAt.getTime() < oldest) {
    return undefined;
  }
  return answer.status;
}

function newestRule(statuses: readonly PoolerStatus[]): LeadershipRule | undefined {
  const rules = statuses.flatMap(({ rule }) => rule ?? []);
  return rules.sort(compareTerms).at(-1);
}

function identityOf(pooler: StoredPooler, role: PoolerRole) {
  const { id, lifecycleStatus, servingStatus } = pooler.record;
  const claim = claimedTerm(pooler);
  const active = lifecycleStatus?.status === Lifecycle.ACTIVE;
  return {
    pooler,
    id: { cell: id?.cell ?? "", name: id?.name ?? "" },
    role,
    ...(claim === undefined ? {} : { claim }),
    active,
    serving: active && servingStatus === Serving.SERVING,
  };
}

function ageOf(answer: Answer | undefined, fresh: boolean): Pick<InstanceEvidence, "answer" | "answeredAt"> {
  if (answer?.kind !== "answered") return { answer: "none" };
  return { answer: fresh ? "fresh" : "stale", answeredAt: answer.at };
}

function ownWords(status: PoolerStatus | undefined) {
  const { postgres, ready = false, resigning = false, diverged = false, asPrimary } = status ?? {};
  const state = ready && (postgres === "primary" || postgres === "standby") ? postgres : "unknown";
  return {
    state,
    resigning,
    diverged,
    ...(asPrimary === undefined ? {} : { confirmations: asPrimary.synchronous?.count ?? 0 }),
  } as const;
}

/**
 * | answer           | receiver    | source                   | streaming                         |
 * | ---------------- | ----------- | ------------------------ | --------------------------------- |
 * | none, or too old |             |                          | unknown; no when it has stopped   |
 * | fresh            | `streaming` | the primary, or not told | yes                               |
 * | fresh            | `streaming` | somebody else            | no                                |
 * | fresh            | others      |                          | no                                |
 */
function replicationOf(status: PoolerStatus | undefined, role: PoolerRole, { leader, position }: Frame) {
  if (status === undefined) {
    return { streaming: role === "stopped" ? "no" : "unknown", otherSource: false } as const;
  }
  const { asStandby } = status;
  const receives = asStandby?.receiver === "streaming" && leader !== undefined;
  const otherSource = receives && !isSource(leader, asStandby.source);
  return {
    streaming: receives && !otherSource ? "yes" : "no",
    otherSource,
    ...(otherSource ? {} : lag("lagBytes", position, asStandby?.received)),
    ...(otherSource ? {} : lag("replayLagBytes", position, asStandby?.replayed)),
  } as const;
}

/** Answers are not of the same moment, so a standby may seem ahead. */
function lag<Key extends "lagBytes" | "replayLagBytes">(
  key: Key,
  ahead: bigint | undefined,
  behind: bigint | undefined,
): { readonly [K in Key]?: number };
function lag(key: string, ahead: bigint | undefined, behind: bigint | undefined): Record<string, number> {
  if (ahead === undefined || behind === undefined) return {};
  return { [key]: ahead > behind ? Number(ahead - behind) : 0 };
}

function isSource(
  { record }: StoredPooler,
  source: { readonly host: string; readonly port: number } | undefined,
) {
  if (source === undefined) return true;
  return source.host === record.hostname && source.port === record.portMap["postgres"];
}

function cohortOf({ record }: StoredPooler, rule: LeadershipRule | undefined): Certainty {
  if (rule === undefined) return "unknown";
  const { cell = "", name = "" } = record.id ?? {};
  return rule.cohort.some((member) => sameId(member, { cell, name })) ? "yes" : "no";
}
