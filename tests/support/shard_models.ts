/** Models of shards for tests of decisions: a healthy one, and changes to it. */
import type {
  Evidence,
  FreshEvidence,
  LifeClaim,
  LifePod,
  LifeShard,
} from "../../controllers/shard/life/model.ts";
import { durabilityOf } from "../../controllers/shard/life/model.ts";
import { type LifeView, viewOf } from "../../controllers/shard/life/view.ts";

export const place = { pool: "main", cell: "a" } as const;

export const standby: FreshEvidence = {
  kind: "fresh",
  role: "standby",
  streaming: true,
  inCohort: true,
  active: true,
  resigning: false,
  lagBytes: 0,
};

export const primary: FreshEvidence = {
  ...standby,
  role: "primary",
  streaming: false,
  term: { term: 3n, subterm: 0n },
};

/** A standby that has lost its source. */
export const adrift: FreshEvidence = { ...standby, streaming: false };

export function pod(index: number, changes: Partial<LifePod> = {}): LifePod {
  return {
    ...place,
    index,
    name: `pod-${index}`,
    state: { kind: "ready" },
    ageSeconds: 86_400,
    drift: "none",
    evidence: index === 0 ? primary : standby,
    ...changes,
  };
}

export function claim(index: number, changes: Partial<LifeClaim> = {}): LifeClaim {
  return {
    name: `claim-${index}`,
    slot: { ...place, index },
    requestedBytes: 10,
    wantedBytes: 10,
    growable: true,
    orphan: false,
    owned: true,
    lost: false,
    terminating: false,
    ...changes,
  };
}

/** A shard of three instances that is as it should be: the one with number 0 leads. */
export function shard(changes: Partial<LifeShard> = {}): LifeShard {
  const policy = { whenDeleted: "Delete", whenScaled: "Delete" } as const;
  return {
    durability: durabilityOf("AT_LEAST_2"),
    pools: [{ ...place, replicas: 3, policy }],
    pods: [pod(0), pod(1), pod(2)],
    claims: [claim(0), claim(1), claim(2)],
    strays: [],
    topology: { kind: "known" },
    withoutPrimarySeconds: 0,
    backupHealthy: true,
    adoptOperatorChanges: false,
    policy,
    orchestrators: { kind: "present" },
    ...changes,
  };
}

/** The healthy shard with other replicas. */
export function sized(replicas: number, changes: Partial<LifeShard> = {}): LifeShard {
  const whole = shard(changes);
  return { ...whole, pools: whole.pools.map((pool) => ({ ...pool, replicas })) };
}

/** The healthy shard with some pods changed, by number. */
export function withPods(
  changes: Readonly<Record<number, Partial<LifePod>>>,
  rest: Partial<LifeShard> = {},
): LifeShard {
  const whole = shard(rest);
  return { ...whole, pods: whole.pods.map((each) => ({ ...each, ...changes[each.index] })) };
}

/** Pods as on fake nodes: Ready, and nothing registers. */
export function withoutDataPlane(whole: LifeShard): LifeShard {
  const none: Evidence = { kind: "none" };
  return {
    ...whole,
    topology: { kind: "empty" },
    pods: whole.pods.map((each) => ({ ...each, evidence: none })),
  };
}

export function view(whole: LifeShard): LifeView {
  return viewOf(whole);
}
