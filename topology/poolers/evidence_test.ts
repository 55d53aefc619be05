import assert from "node:assert/strict";
import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { TopologyError } from "../errors.ts";
import {
  MultipoolerSchema,
  PoolerLifecycleStatus as Lifecycle,
  PoolerServingStatus as Serving,
  QuorumType,
  RoutingRole,
} from "../gen/clustermetadata_pb.ts";
import { poolerKey } from "../keys.ts";
import type { StoredPooler } from "../records/poolers.ts";
import type { LeadershipRule, PoolerId, PoolerStatus } from "./answers.ts";
import type { Answer } from "./ask.ts";
import { PoolerError } from "./errors.ts";
import { type EvidenceInput, evidenceOf } from "./evidence.ts";

const now = new Date("2026-05-06T07:08:09Z");
const boundMs = 10_000;
const ago = (ms: number) => new Date(now.getTime() - ms);
const ids = ["p-0", "p-1", "p-2"].map((name) => ({ cell: "zone1", name }));
const [first = none(), second = none(), third = none()] = ids;

function none(): never {
  throw new Error("There are three");
}

interface Instance {
  readonly id: PoolerId;
  /** Of its record's claim to be primary. */
  readonly term?: bigint;
  readonly lifecycle?: Lifecycle;
  readonly serving?: Serving;
  readonly answer?: Answer;
}

function recordOf(
  { id, term, lifecycle = Lifecycle.ACTIVE, serving = Serving.SERVING }: Instance,
): StoredPooler {
  const record = create(MultipoolerSchema, {
    id,
    hostname: `${id.name}.pool`,
    portMap: { grpc: 15270, postgres: 5432 },
    lifecycleStatus: { status: lifecycle },
    servingStatus: serving,
    routingState: term === undefined
      ? { role: RoutingRole.REPLICA }
      : { role: RoutingRole.PRIMARY, rule: { coordinatorTerm: term } },
  });
  return { key: poolerKey("/c", id.cell, id.name), revision: 1n, record };
}

function inputOf(instances: readonly Instance[], more: Partial<EvidenceInput> = {}): EvidenceInput {
  const answers = instances.flatMap((each): [string, Answer][] =>
    each.answer === undefined ? [] : [[recordOf(each).key, each.answer]]
  );
  return {
    poolers: { poolers: instances.map(recordOf), unreadable: [], unreachable: new Map() },
    readAt: ago(500),
    answers: new Map(answers),
    now,
    boundMs,
    ...more,
  };
}

const rule: LeadershipRule = {
  term: 3n,
  subterm: 1n,
  leader: first,
  cohort: ids,
  durability: { type: QuorumType.AT_LEAST_N, count: 2 },
};

const idle: PoolerStatus = {
  postgres: "unknown",
  running: true,
  ready: true,
  action: "none",
  actionSeconds: 0,
  hasData: true,
  initialized: true,
  resigning: false,
  diverged: false,
};

function says(status: Partial<PoolerStatus>, ms = 1_000): Answer {
  return { kind: "answered", status: { ...idle, ...status }, at: ago(ms) };
}

const leading: Partial<PoolerStatus> = {
  postgres: "primary",
  rule,
  asPrimary: { position: 5_000n, ready: true, followers: [second, third] },
};

const following: Partial<PoolerStatus> = {
  postgres: "standby",
  rule,
  asStandby: {
    received: 4_000n,
    replayed: 3_000n,
    replayPaused: false,
    receiver: "streaming",
    source: { host: "p-0.pool", port: 5432 },
  },
};

const lonely: Partial<PoolerStatus> = {
  ...following,
  asStandby: { replayPaused: false, receiver: "" },
};

const silent: Answer = { kind: "failed", error: new PoolerError("unreachable", "gone"), at: ago(1_000) };

const healthy: readonly [Instance, Instance, Instance] = [
  { id: first, term: 3n, answer: says(leading) },
  { id: second, answer: says(following, 2_000) },
  { id: third, answer: says(following) },
];

const kinds = (input: EvidenceInput) => evidenceOf(input).problems.map(({ kind }) => kind);

Deno.test("a shard whose instances all answer is known: who leads, who streams, how far behind, how many confirm", () => {
  const seen = evidenceOf(inputOf(healthy));
  assert.deepEqual([seen.primary?.id, seen.primary?.term, seen.primary?.writable], [first, 3n, "yes"]);
  assert.deepEqual(
    seen.standbys.map(({ id, streaming, inCohort, lagBytes, replayLagBytes }) => ({
      id,
      streaming,
      inCohort,
      lagBytes,
      replayLagBytes,
    })),
    [second, third].map((id) => ({
      id,
      streaming: "yes",
      inCohort: "yes",
      lagBytes: 1_000,
      replayLagBytes: 2_000,
    })),
  );
  assert.deepEqual(seen.cohort, ids);
  assert.deepEqual(seen.quorum, { of: "instances", needed: 2, have: 3, possible: 3 });
  assert.deepEqual(seen.observedAt, ago(2_000), "of the oldest answer");
  assert.deepEqual(seen.problems, []);
});

Deno.test("a primary takes writes only when it says so itself, and enough others confirm", () => {
  const writable = (primary: Partial<Instance>, others: readonly Instance[] = healthy.slice(1)) =>
    evidenceOf(inputOf([{ id: first, term: 3n, ...primary }, ...others])).primary?.writable;
  const answers = { answer: says(leading) };
  const alone = [{ id: second, answer: says(lonely) }, { id: third, answer: says(lonely) }];
  const mute = [{ id: second, answer: silent }, { id: third, answer: silent }];
  assert.equal(writable(answers), "yes");
  assert.equal(writable({ answer: silent }), "unknown");
  assert.equal(writable({}), "unknown");
  assert.equal(writable({ answer: says({ ...leading, ready: false }) }), "no");
  assert.equal(writable({ answer: says({ ...leading, resigning: true }) }), "no");
  assert.equal(writable({ answer: says({ ...leading, postgres: "promoting" }) }), "no");
  assert.equal(writable({ answer: says(following) }), "no");
  assert.equal(writable({ ...answers, serving: Serving.DRAINING }), "no");
  assert.equal(writable({ ...answers, lifecycle: Lifecycle.STOPPING }), "no");
  assert.equal(writable(answers, alone), "no", "commits would wait for ever");
  assert.equal(writable(answers, mute), "unknown");
  assert.equal(writable(answers, [healthy[1], { id: third, lifecycle: Lifecycle.SHUTDOWN }]), "yes");
  assert.equal(writable(answers, [{ id: second, lifecycle: Lifecycle.SHUTDOWN }]), "no");
});

Deno.test("a killed primary that others have replaced does not count, whatever its record says", () => {
  const next: LeadershipRule = { ...rule, term: 4n, leader: second };
  const replaced = [
    { id: first, term: 3n, answer: silent },
    { id: second, term: 4n, answer: says({ ...leading, rule: next }) },
    { id: third, answer: says({ ...following, rule: next }) },
  ];
  const seen = evidenceOf(inputOf(replaced));
  assert.deepEqual(seen.primary?.id, second);
  assert.deepEqual(seen.problems[0], { kind: "several_primaries", ids: [second, first] });
  const behind = evidenceOf(inputOf([
    { id: first, term: 3n, answer: says(leading) },
    { id: second, answer: says({ ...following, rule: next }) },
  ]));
  assert.equal(behind.primary?.writable, "no", "somebody has heard of a newer leader");
  assert.ok(behind.problems.some((problem) => problem.kind === "other_leader" && problem.id === second));
});

Deno.test("a standby that follows somebody else than the primary does not stream", () => {
  const source = { host: "p-2.pool", port: 5432 };
  const wrong = says({
    ...following,
    asStandby: { replayPaused: false, receiver: "streaming", received: 1n, source },
  });
  const seen = evidenceOf(inputOf([healthy[0], { id: second, answer: wrong }, healthy[2]]));
  const [standby] = seen.standbys;
  assert.deepEqual([standby?.streaming, standby?.lagBytes], ["no", undefined]);
  assert.deepEqual(seen.problems, [{ kind: "other_source", id: second }]);
  const leaderless = evidenceOf(inputOf(healthy.slice(1)));
  assert.deepEqual(leaderless.standbys.map(({ streaming }) => streaming), ["no", "no"]);
});

Deno.test("with a policy across cells, cells are counted", () => {
  const far = { cell: "zone2", name: "p-9" };
  const across: LeadershipRule = {
    ...rule,
    cohort: [first, second, far],
    durability: { type: QuorumType.MULTI_CELL_AT_LEAST_N, count: 2 },
  };
  const instances = (answer: Answer) => [
    { id: first, term: 3n, answer: says({ ...leading, rule: across }) },
    { id: second, answer: says({ ...following, rule: across }) },
    { id: far, answer },
  ];
  const lost = evidenceOf(inputOf(instances(says({ ...lonely, rule: across }))));
  assert.deepEqual(lost.quorum, { of: "cells", needed: 2, have: 1, possible: 1 });
  assert.equal(lost.primary?.writable, "no");
  const there = evidenceOf(inputOf(instances(says({ ...following, rule: across }))));
  assert.equal(there.primary?.writable, "yes");
  const unreachable = new Map([["zone2", new TopologyError("unreachable", "etcd is away")]]);
  const [one, two] = instances(silent).map(recordOf);
  assert.ok(one !== undefined && two !== undefined);
  const input = inputOf(instances(silent), {
    poolers: { poolers: [one, two], unreadable: ["/c/odd"], unreachable },
  });
  const unread = evidenceOf(input);
  assert.equal(unread.primary?.writable, "unknown", "what cannot be read may well be at work");
  assert.deepEqual(unread.problems.map(({ kind }) => kind), ["cell_unreachable", "unreadable_record"]);
});

Deno.test("without a durability in the rule, the primary's own setting counts", () => {
  const { durability: _, ...bare } = rule;
  const synchronous = { count: 1, standbys: [second, third] };
  const primary = (asPrimary: PoolerStatus["asPrimary"]) =>
    says({ ...leading, rule: bare, ...(asPrimary === undefined ? {} : { asPrimary }) });
  const seen = (asPrimary: PoolerStatus["asPrimary"], others: readonly Instance[]) =>
    evidenceOf(inputOf([{ id: first, term: 3n, answer: primary(asPrimary) }, ...others]));
  const state = { ready: true, followers: [] };
  assert.equal(seen({ ...state, synchronous }, healthy.slice(1)).primary?.writable, "yes");
  assert.equal(seen({ ...state, synchronous }, []).primary?.writable, "no");
  assert.equal(seen(state, []).primary?.writable, "yes", "it waits for nobody");
});

Deno.test("what is older than the bound proves nothing", () => {
  const status = fc.constantFrom(leading, following, lonely);
  const lifecycle = fc.constantFrom(Lifecycle.STARTING, Lifecycle.ACTIVE, Lifecycle.STOPPING);
  const age = fc.integer({ min: boundMs + 1, max: 100 * boundMs });
  const instance = (id: PoolerId) =>
    fc.record({ status, lifecycle, age, term: fc.bigInt({ min: 0n, max: 3n }) }).map((drawn): Instance => ({
      id,
      lifecycle: drawn.lifecycle,
      answer: says(drawn.status, drawn.age),
      ...(drawn.term === 0n ? {} : { term: drawn.term }),
    }));
  fc.assert(fc.property(fc.tuple(...ids.map(instance)), (instances) => {
    const seen = evidenceOf(inputOf(instances));
    assert.ok(seen.primary === undefined || seen.primary.writable === "unknown");
    for (const standby of seen.standbys) {
      assert.deepEqual([standby.answer, standby.state, standby.streaming], ["stale", "unknown", "unknown"]);
    }
    assert.equal(seen.problems.filter(({ kind }) => kind === "stale_answer").length, 3);
  }));
  const old = evidenceOf(inputOf(healthy, { readAt: ago(boundMs + 1) }));
  assert.equal(old.primary?.writable, "unknown", "who leads may have changed since the records were read");
  assert.deepEqual(old.problems[0], { kind: "stale_records", ageMs: boundMs + 1 });
});

Deno.test("what is wrong is named", () => {
  const broken = [
    { id: first, lifecycle: Lifecycle.SHUTDOWN, term: 3n },
    { id: second, lifecycle: Lifecycle.QUARANTINED, answer: silent },
    { id: third, answer: says({ ...lonely, diverged: true }) },
  ];
  assert.deepEqual(kinds(inputOf(broken)), [
    "no_primary",
    "quarantined",
    "no_answer",
    "diverged",
    "not_streaming",
    "quorum_short",
  ]);
  assert.deepEqual(evidenceOf(inputOf(broken)).standbys.map(({ role }) => role), ["quarantined", "replica"]);
});
