import assert from "node:assert/strict";
import { parseCluster } from "../../postgres/patroni/rest.ts";
import { GRACE_MS, judge, verdictOf } from "./evidence.ts";
import type { Member } from "./members.ts";

function member(name: string, ready = true): Member {
  return {
    pod: { apiVersion: "v1", kind: "Pod", metadata: { name, uid: name, resourceVersion: "1" } },
    name,
    ordinal: Number(name.at(-1)),
    role: undefined,
    ready,
    leaving: false,
    outdated: false,
    onVolume: true,
    fault: undefined,
    resize: { kind: "done" },
    address: undefined,
  };
}

const pods = [member("c-0"), member("c-1")];
const leader = { name: "c-0", role: "leader", state: "running", timeline: 4, host: "10.0.0.1", port: 5432 };
const standby = { name: "c-1", role: "replica", state: "streaming", timeline: 4, lag: 16 };

/** `kind reason`, of what Patroni answers. */
function verdict(members: unknown[], seen: Member[] = pods): string {
  const found = verdictOf(parseCluster({ members, scope: "c" }), seen);
  return found.kind === "bad" ? `bad ${found.reason}` : found.kind;
}

Deno.test("one leader that runs, whom all ready pods follow on its timeline, is good", () => {
  assert.equal(verdict([leader, standby]), "good");
  assert.equal(verdict([leader, { ...standby, role: "sync_standby" }]), "good");
  assert.equal(verdict([leader, { ...standby, lag: "unknown" }]), "good");
  assert.equal(verdict([leader], [member("c-0"), member("c-1", false)]), "good");
});

Deno.test("anything else is bad, for a reason", () => {
  assert.equal(verdict([standby]), "bad NoLeader");
  assert.equal(verdict([{ ...leader, state: "stopped" }, standby]), "bad NoLeader");
  assert.equal(verdict([{ ...leader, name: "c-9" }, standby]), "bad NoLeader");
  assert.equal(verdict([leader, standby], [member("c-0", false), member("c-1")]), "bad NoLeader");
  assert.equal(verdict([leader]), "bad Unlisted");
  assert.equal(verdict([leader, { ...standby, state: "in archive recovery" }]), "bad NotStreaming");
  assert.equal(verdict([leader, { ...standby, timeline: 3 }]), "bad OtherTimeline");
});

Deno.test("without an answer workloads count for 120 s, then nobody knows", () => {
  const failed = (failingMs: number) =>
    judge({ kind: "failed", error: new Error("silence"), failingMs, dueMs: 0 }, pods).kind;
  assert.equal(judge({ kind: "pending", dueMs: 0 }, pods).kind, "grace");
  assert.equal(failed(GRACE_MS - 1), "grace");
  assert.equal(failed(GRACE_MS), "missing");
});

Deno.test("an answer from before the pods changed accuses no standby, but a leader that is gone is gone", () => {
  const done = (members: unknown[]) =>
    judge({ kind: "done", result: parseCluster({ members }), ageMs: 0, outdated: true, dueMs: 0 }, pods);
  assert.equal(done([leader]).kind, "grace");
  assert.equal(done([standby]).kind, "bad");
});

Deno.test("an answer that lists no members is refused, and members without a name are passed over", () => {
  assert.throws(() => parseCluster({}), /lists none/);
  assert.deepEqual(parseCluster({ members: [{ role: "leader" }], pause: true }), {
    members: [],
    paused: true,
  });
});
