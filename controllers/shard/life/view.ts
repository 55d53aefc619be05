/** What follows from a model before anything is decided: which slots are wanted, who is primary, what may be trusted. */
import { compareTerms, type Term } from "../../../topology/records/term.ts";
import { NO_PRIMARY_SECONDS } from "./bounds.ts";
import { suffices } from "./durability.ts";
import type { ClaimPolicy, LifeClaim, LifePod, LifePool, LifeShard, Slot } from "./model.ts";

/** A slot that is to be filled, with what is in it. */
export interface WantedSlot extends Slot {
  readonly pod: LifePod | undefined;
  readonly claim: LifeClaim | undefined;
}

/** Who leads the shard. */
export type Primary =
  | { readonly kind: "seen"; readonly pod: LifePod }
  /** Nobody is known to. `claimant` said so last, and does not answer: it may still be right. */
  | { readonly kind: "unseen"; readonly claimant: LifePod | undefined };

/**
 * By what an instance is judged.
 *
 * | topology    | primary                                                | judged by   |
 * | ----------- | ------------------------------------------------------ | ----------- |
 * | unreachable |                                                        | `nothing`   |
 * | empty       |                                                        | `readiness` |
 * | known       | seen                                                   | `evidence`  |
 * | known       | a pod that is Ready last said so, but does not answer  | `evidence`  |
 * | known       | nobody, for less than three minutes                    | `evidence`  |
 * | known       | nobody for longer: it takes a change to get one        | `readiness` |
 */
export type Judgement = "evidence" | "readiness" | "nothing";

export interface LifeView {
  readonly shard: LifeShard;
  readonly slots: readonly WantedSlot[];
  /** Those of the slots that nobody asks for any more, and that the shard cannot do without yet. */
  readonly held: readonly WantedSlot[];
  /** Pods that no slot is wanted for, in the order of the model. */
  readonly excess: readonly LifePod[];
  readonly primary: Primary;
  readonly judgement: Judgement;
  /** Whether the shard has a data plane, and has been without a primary for so long that it takes a change to get one. */
  readonly leaderless: boolean;
}

export function viewOf(shard: LifeShard): LifeView {
  const asked = shard.pools.flatMap((pool) => slotsOf(shard, pool));
  const primary = primaryOf(shard.pods);
  const judgement = judgementOf(shard, primary);
  const leaderless = judgement === "readiness" && shard.topology.kind === "known";
  const held = leaderless ? electors(shard, asked) : heldSlots(shard, asked);
  const slots = [...asked, ...held];
  const wanted = new Set(slots.map(slotKey));
  const excess = shard.pods.filter((pod) => !wanted.has(slotKey(pod)));
  return { shard, slots, held, excess, primary, judgement, leaderless };
}

/** Slots are compared and found by this. */
export function slotKey({ pool, cell, index }: Slot): string {
  return `${pool}/${cell}/${index}`;
}

/** Whether both are of one pool in one cell. */
export function isSameGroup(a: Omit<Slot, "index">, b: Omit<Slot, "index">): boolean {
  return a.pool === b.pool && a.cell === b.cell;
}

/** Order in which pods of one shard have their turns: by pool, cell and number. */
export function bySlot(a: Slot, b: Slot): number {
  if (a.pool !== b.pool) return a.pool < b.pool ? -1 : 1;
  if (a.cell !== b.cell) return a.cell < b.cell ? -1 : 1;
  return a.index === b.index ? 0 : a.index - b.index;
}

/** The policy of a claim: its pool's, or the shard's where the pool is none of ours. */
export function policyOf(shard: LifeShard, claim: LifeClaim): ClaimPolicy {
  const { slot } = claim;
  const pool = slot === undefined ? undefined : shard.pools.find((each) => isSameGroup(each, slot));
  return pool?.policy ?? shard.policy;
}

/**
 * The first `replicas` slots, and one more for each of them whose instance was set aside: a stand-in. Stand-ins that are
 * set aside have none, so that a broken backup does not make instances without end.
 */
function slotsOf(shard: LifeShard, pool: LifePool): WantedSlot[] {
  const pods = shard.pods.filter((pod) => isSameGroup(pod, pool));
  const claims = shard.claims.filter(({ slot }) => slot !== undefined && isSameGroup(slot, pool));
  const aside = pods.filter((pod) => pod.aside !== undefined && pod.index < pool.replicas).length;
  return Array.from({ length: pool.replicas + aside }, (_, index) => ({
    pool: pool.pool,
    cell: pool.cell,
    index,
    pod: pods.find((pod) => pod.index === index),
    claim: claims.find(({ slot }) => slot?.index === index),
  }));
}

/**
 * Slots that stay although nobody asks for them any more: without them the durability policy could not be satisfied, so
 * becoming that small is refused. They are told by their claims, which outlive their pods, so that a held instance is
 * replaced and made again like any other; those with a pod come first. Nothing is held where it would not suffice.
 */
function heldSlots(shard: LifeShard, asked: readonly WantedSlot[]): WantedSlot[] {
  const { durability } = shard;
  const slots = asked.filter(({ pod }) => pod?.aside === undefined);
  const rest = leftOver(shard, asked).filter(({ claim, pod }) =>
    claim?.orphan === false && pod?.aside === undefined
  );
  const held: WantedSlot[] = [];
  while (!suffices(durability, [...slots, ...held])) {
    const cells = new Set([...slots, ...held].map(({ cell }) => cell));
    const next = (cells.size < durability.cells ? rest.find(({ cell }) => !cells.has(cell)) : undefined) ??
      rest[0];
    if (next === undefined) return [];
    rest.splice(rest.indexOf(next), 1);
    held.push(next);
  }
  return held;
}

/**
 * While a shard does not get a primary, everyone who may still have a vote stays, and is made again: an election takes a
 * majority of those whom the last primary counted, and they alone are sure to have what was committed.
 */
function electors(shard: LifeShard, asked: readonly WantedSlot[]): WantedSlot[] {
  const wanted = new Set(asked.map(slotKey));
  const strays = shard.strays.flatMap(({ slot }) => slot ?? []);
  const voters = new Map([...strays, ...shard.pods].map((slot) => [slotKey(slot), slot]));
  return [...voters].filter(([key, slot]) =>
    !wanted.has(key) && shard.pools.some((pool) => isSameGroup(pool, slot))
  )
    .map(([key, { pool, cell, index }]) => ({
      pool,
      cell,
      index,
      pod: shard.pods.find((pod) => slotKey(pod) === key),
      claim: shard.claims.find(({ slot }) => slot !== undefined && slotKey(slot) === key),
    }));
}

/** Slots that nobody asks for, and whose volumes are still there. */
function leftOver(shard: LifeShard, asked: readonly WantedSlot[]): WantedSlot[] {
  const wanted = new Set(asked.map(slotKey));
  const slots = shard.claims.flatMap((claim): WantedSlot[] => {
    const { slot, terminating, lost } = claim;
    if (slot === undefined || wanted.has(slotKey(slot)) || terminating || lost) return [];
    const pod = shard.pods.find((each) => slotKey(each) === slotKey(slot));
    return [{ ...slot, pod, claim }];
  });
  return slots.sort((a, b) => Number(a.pod === undefined) - Number(b.pod === undefined) || bySlot(a, b));
}

/** The highest claim counts, and only when whoever makes it answers: a killed primary goes on saying so in its record. */
export function primaryOf(pods: readonly LifePod[]): Primary {
  let best: { pod: LifePod; term: Term } | undefined;
  for (const pod of pods) {
    const term = claimOf(pod);
    if (term === undefined) continue;
    if (best === undefined || compareTerms(term, best.term) > 0) best = { pod, term };
  }
  if (best?.pod.evidence.kind === "fresh") return { kind: "seen", pod: best.pod };
  return { kind: "unseen", claimant: best?.pod };
}

function claimOf({ evidence }: LifePod): Term | undefined {
  switch (evidence.kind) {
    case "none":
      return undefined;
    case "stale":
      return evidence.claim;
    case "fresh":
      return evidence.role === "primary" ? evidence.term : undefined;
  }
}

function judgementOf({ topology, withoutPrimarySeconds }: LifeShard, primary: Primary): Judgement {
  if (topology.kind === "unreachable") return "nothing";
  if (topology.kind === "empty") return "readiness";
  if (primary.kind === "seen" || primary.claimant?.state.kind === "ready") return "evidence";
  return withoutPrimarySeconds < NO_PRIMARY_SECONDS ? "evidence" : "readiness";
}
