import assert from "node:assert/strict";
import fc from "fast-check";
import type { StatefulSet } from "../../kube/kinds.ts";
import type { PatroniCluster } from "../../postgres/patroni/report.ts";
import { storedCluster } from "../../tests/support/postgres_clusters.ts";
import { candidateFor, type Change, type ChangeInput, nextChange } from "./change.ts";
import type { Evidence } from "./evidence.ts";
import type { Member, Role } from "./members.ts";
import type { ResizeState } from "./resize.ts";
import { scaling } from "./scale.ts";

interface Given {
  readonly role?: Role;
  readonly ready?: boolean;
  readonly outdated?: boolean;
  readonly onVolume?: boolean;
  readonly resize?: ResizeState;
}

function member(ordinal: number, given: Given = {}): Member {
  const name = `orders-${ordinal}`;
  return {
    pod: {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, namespace: "ns", uid: `u${ordinal}`, resourceVersion: "1" },
    },
    name,
    ordinal,
    role: given.role,
    ready: given.ready ?? true,
    leaving: false,
    outdated: given.outdated ?? false,
    onVolume: given.onVolume ?? true,
    fault: undefined,
    resize: given.resize ?? { kind: "done" },
    address: undefined,
  };
}

const streaming = (leader: number, count: number): PatroniCluster => ({
  paused: false,
  silent: [],
  members: Array.from({ length: count }, (_, at) => ({
    name: `orders-${at}`,
    role: at === leader ? "leader" : "replica",
    state: at === leader ? "running" : "streaming",
    timeline: 1,
    lagBytes: at === leader ? undefined : at * 100,
    pendingRestart: false,
  })),
});

type GoodEvidence = Extract<Evidence, { kind: "good" }>;

const good = (leader: number, count: number): GoodEvidence => ({
  kind: "good",
  report: streaming(leader, count),
  outdated: false,
});
const grace: Evidence = { kind: "grace", message: "not yet asked" };

function standingWith(replicas: number): StatefulSet {
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "orders" },
    spec: { replicas, selector: {}, template: {}, serviceName: "x" },
  };
}

/** Members who say that they are well, if nothing else is given. */
function input(members: Member[], more: Partial<ChangeInput> = {}): ChangeInput {
  const leader = Math.max(0, members.findIndex(({ role }) => role === "primary"));
  const evidence = good(leader, members.length);
  return { cluster: storedCluster(), members, desired: members.length, evidence, ...more };
}

/** `kind member`, for short. */
function told(change: Change): string {
  switch (change.kind) {
    case "restart":
    case "resize":
      return `${change.kind} ${change.member.name}`;
    case "hand-over":
      return `hand-over ${change.leader.name} ${change.candidate.name}`;
    case "wait":
    case "held":
      return `${change.kind} ${change.reason}`;
    case "moment":
    case "none":
      return change.kind;
  }
}

const outdated = (role: Role): Given => ({ role, outdated: true });
const due = { kind: "due" } as const;

Deno.test("standbys are restarted from the highest number down, the primary last and only after a hand-over", () => {
  const before = [
    member(0, outdated("standby")),
    member(1, outdated("primary")),
    member(2, outdated("standby")),
  ];
  assert.equal(told(nextChange(input(before, { evidence: good(1, 3) }))), "restart orders-2");
  const later = [
    member(0, outdated("standby")),
    member(1, outdated("primary")),
    member(2, { role: "standby" }),
  ];
  assert.equal(told(nextChange(input(later, { evidence: good(1, 3) }))), "restart orders-0");
  const last = [
    member(0, { role: "standby" }),
    member(1, outdated("primary")),
    member(2, { role: "standby" }),
  ];
  assert.equal(told(nextChange(input(last, { evidence: good(1, 3) }))), "hand-over orders-1 orders-0");
  const over = [
    member(0, { role: "primary" }),
    member(1, outdated("standby")),
    member(2, { role: "standby" }),
  ];
  assert.equal(told(nextChange(input(over, { evidence: good(0, 3) }))), "restart orders-1");
});

Deno.test("nobody is touched while a member is missing, or the members do not form a cluster", () => {
  const members = [
    member(0, { role: "primary" }),
    member(1, outdated("standby")),
    member(2, { ready: false }),
  ];
  assert.equal(told(nextChange(input(members))), "wait MemberMissing");
  const whole = [member(0, { role: "primary" }), member(1, outdated("standby"))];
  const bad: Evidence = { kind: "bad", reason: "NoLeader", message: "no leader", report: streaming(0, 2) };
  assert.equal(told(nextChange(input(whole, { evidence: bad }))), "wait MembersUnwell");
  assert.equal(
    told(nextChange(input(whole, { evidence: { kind: "missing", message: "silence" } }))),
    "wait MembersUnwell",
  );
});

Deno.test("until the members have said how they are since a pod changed, none of them is touched", () => {
  const last = [member(0, outdated("primary")), member(1, { role: "standby" })];
  const asked = input(last, { evidence: grace });
  assert.equal(told(nextChange(asked)), "moment");
  const outdatedWord: Evidence = { ...good(0, 2), outdated: true };
  assert.equal(told(nextChange({ ...asked, evidence: outdatedWord })), "moment");
  assert.equal(told(nextChange({ ...asked, evidence: good(0, 2) })), "hand-over orders-0 orders-1");

  const surplus = [member(0), member(1, { role: "primary" })];
  const goes = (evidence: Evidence) => {
    const { replicas, before } = scaling(input(surplus, { desired: 1, evidence }), standingWith(2));
    return [replicas, told(before)];
  };
  assert.deepEqual(goes(grace), [2, "moment"]);
  assert.deepEqual(goes({ ...good(1, 2), outdated: true }), [2, "moment"]);
  assert.deepEqual(goes({ kind: "missing", message: "silence" }), [1, "none"]);
});

Deno.test("while Patroni's labels name no leader, or two, nobody is restarted and nobody goes", () => {
  const two = [
    member(0, { role: "primary" }),
    member(1, outdated("standby")),
    member(2, outdated("primary")),
  ];
  assert.equal(told(nextChange(input(two, { evidence: good(2, 3) }))), "wait TakingOver");
  const none = two.map(({ ordinal }) => member(ordinal, outdated("standby")));
  assert.equal(told(nextChange(input(none, { evidence: good(2, 3) }))), "wait TakingOver");
  const unlabelled = two.map(({ ordinal }) => member(ordinal, { outdated: true }));
  assert.equal(told(nextChange(input(unlabelled, { evidence: good(2, 3) }))), "restart orders-2");

  const scaled = (members: Member[]) =>
    scaling(input(members, { evidence: good(2, 3), desired: 2 }), standingWith(3));
  const { replicas, before } = scaled(two);
  assert.deepEqual([replicas, told(before)], [3, "wait TakingOver"]);
  assert.deepEqual([scaled(none).replicas, told(scaled(none).before)], [3, "wait TakingOver"]);
  // The former leader's node is lost: its pod keeps its label, and may be the very one that is to go.
  assert.equal(scaled([...two.slice(0, 2), member(2, { role: "primary", ready: false })]).replicas, 2);
});

Deno.test("a member that is not ready as it is gets what is asked for at once: it may be the cure", () => {
  const members = [
    member(0, { role: "primary" }),
    member(1, { outdated: true, ready: false }),
    member(2, { ready: false }),
  ];
  assert.equal(told(nextChange(input(members))), "restart orders-1");
});

Deno.test("a single member is restarted without a hand-over, and one whose database is on no volume never", () => {
  assert.equal(
    told(nextChange(input([member(0, outdated("primary"))], { evidence: good(0, 1) }))),
    "restart orders-0",
  );
  const lost = member(0, { ...outdated("primary"), onVolume: false });
  assert.equal(told(nextChange(input([lost], { evidence: good(0, 1) }))), "held DataNotOnVolume");
  const copied = [
    member(0, { role: "primary", onVolume: false }),
    member(1, { ...outdated("standby"), onVolume: false }),
  ];
  assert.equal(told(nextChange(input(copied, { evidence: good(0, 2) }))), "restart orders-1");
  const alone = [
    member(0, { role: "primary" }),
    member(1, { ready: false, outdated: true, onVolume: false }),
  ];
  assert.equal(told(nextChange(input(alone, { evidence: grace }))), "held DataNotOnVolume");
});

Deno.test("resources change in place from the standbys to the primary, one member at a time", () => {
  const members = [
    member(0, { role: "primary", resize: due }),
    member(1, { resize: due }),
    member(2, { resize: due }),
  ];
  assert.equal(told(nextChange(input(members))), "resize orders-2");
  const under = { kind: "running", message: "" } as const;
  assert.equal(
    told(nextChange(input([member(0, { role: "primary", resize: due }), member(1, { resize: under })]))),
    "wait Resizing",
  );
  assert.equal(
    told(nextChange(input([member(0, { role: "primary", resize: due }), member(1)]))),
    "resize orders-0",
  );
});

Deno.test("what a node cannot give is told, and restarts members only with their user's leave", () => {
  const never = { kind: "infeasible", message: "too much" } as const;
  const members = [member(0, { role: "primary" }), member(1, { role: "standby", resize: never })];
  assert.equal(told(nextChange(input(members))), "held ResizeInfeasible");
  const later = { kind: "deferred", message: "not now" } as const;
  assert.equal(told(nextChange(input([member(0, { resize: later })]))), "held ResizeDeferred");
  const annotations = { "postgres-operator.smoketurner.com/resize-fallback": "restart" };
  const cluster = storedCluster({}, { annotations });
  assert.equal(told(nextChange(input(members, { cluster }))), "restart orders-1");
});

Deno.test("the standby with the least lag takes over, if Patroni is not paused and it stays", () => {
  const members = [member(0, { role: "primary" }), member(1), member(2)];
  const [leader] = members;
  assert.ok(leader !== undefined);
  assert.equal(candidateFor(leader, input(members, { evidence: good(0, 3) }))?.name, "orders-1");
  assert.equal(candidateFor(leader, input(members, { evidence: good(0, 3), desired: 1 })), undefined);
  const paused: Evidence = { ...good(0, 3), report: { ...streaming(0, 3), paused: true } };
  assert.equal(candidateFor(leader, input(members, { evidence: paused })), undefined);
  assert.equal(candidateFor(leader, input(members, { evidence: grace })), undefined);
});

/** As {@link good}, with one synchronous standby. */
function synchronous(leader: number, standby: number, count: number): Evidence {
  const { paused, members } = streaming(leader, count);
  const roles = members.map((each, at) => at === standby ? { ...each, role: "sync_standby" } : each);
  return { kind: "good", report: { paused, silent: [], members: roles }, outdated: false };
}

Deno.test("while a standby is synchronous, nobody else is asked to take over", () => {
  const members = [member(0, { role: "primary" }), member(1), member(2)];
  const [leader] = members;
  assert.ok(leader !== undefined);
  assert.equal(candidateFor(leader, input(members, { evidence: synchronous(0, 2, 3) }))?.name, "orders-2");
  const leaving = [member(0, { role: "primary" }), member(1), member(2, { ready: false })];
  assert.equal(candidateFor(leader, input(leaving, { evidence: synchronous(0, 2, 3) })), undefined);
});

Deno.test("a primary and its synchronous standby never go together", () => {
  const members = [0, 1, 2, 3, 4].map((at) => member(at, at === 3 ? { role: "primary" } : {}));
  const standing = standingWith(5);
  const goes = (standby: number) => {
    const { replicas, before } = scaling(
      input(members, { desired: 2, evidence: synchronous(3, standby, 5) }),
      standing,
    );
    return [replicas, told(before)];
  };
  assert.deepEqual(goes(1), [5, "hand-over orders-3 orders-1"]);
  assert.deepEqual(goes(2), [5, "hand-over orders-3 orders-2"]);
  assert.deepEqual(goes(4), [4, "none"]);
});

Deno.test("a primary among the surplus hands over before the number goes down", () => {
  const members = [member(0), member(1), member(2, { role: "primary" })];
  const standing = standingWith(3);
  const asked = scaling(input(members, { desired: 2, evidence: good(2, 3) }), standing);
  assert.deepEqual([asked.replicas, told(asked.before)], [3, "hand-over orders-2 orders-0"]);
  const over = [member(0, { role: "primary" }), member(1), member(2)];
  const gone = scaling(input(over, { desired: 2, evidence: good(0, 3) }), standing);
  assert.deepEqual([gone.replicas, told(gone.before)], [2, "none"]);
  assert.equal(scaling(input(over, { desired: 5 }), standing).replicas, 5);
});

Deno.test("whatever the state, two members are never out at a time by our doing, nor a leader without a hand-over", () => {
  const given = fc.record({ ready: fc.boolean(), outdated: fc.boolean(), due: fc.boolean() });
  const worlds = fc.record({
    members: fc.array(given, { minLength: 2, maxLength: 5 }),
    leader: fc.nat(4),
    word: fc.constantFrom("fresh", "outdated", "none"),
  });
  fc.assert(
    fc.property(worlds, ({ members: all, leader: at, word }) => {
      const leader = at % all.length;
      const members = all.map((each, ordinal) =>
        member(ordinal, {
          role: ordinal === leader ? "primary" : "standby",
          ready: each.ready,
          outdated: each.outdated,
          resize: each.due ? due : { kind: "done" },
        })
      );
      const said: Evidence = { ...good(leader, all.length), outdated: word === "outdated" };
      const change = nextChange(input(members, { evidence: word === "none" ? grace : said }));
      if (change.kind !== "restart") return;
      const others = members.filter((each) => each !== change.member);
      if (change.member.ready) {
        assert.ok(others.every(({ ready }) => ready), "all others are ready");
        assert.equal(change.member.role, "standby", "a leader hands over first");
        assert.equal(word, "fresh", "nobody is restarted on an old word");
      }
    }),
    { numRuns: 1_000 },
  );
});
