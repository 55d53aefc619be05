import assert from "node:assert/strict";
import { reportFrom, type SilentMember } from "../../postgres/patroni/report.ts";
import { parseAnswer, PatroniError } from "../../postgres/patroni/rest.ts";
import { askMembers, awaitedWord, GRACE_MS, judge, SILENCE_MS, verdictOf } from "./evidence.ts";
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

/** As Patroni 3.2 answers, with what nobody reads here left out. */
const leader = {
  state: "running",
  role: "master",
  timeline: 4,
  xlog: { location: 4_096 },
  replication: [
    {
      usename: "standby",
      application_name: "c-1",
      state: "streaming",
      sync_state: "async",
      sync_priority: 0,
    },
  ],
  patroni: { version: "3.2.2", scope: "c", name: "c-0" },
};
const alone = { ...leader, replication: [] };
const standby = {
  state: "running",
  role: "replica",
  replication_state: "streaming",
  timeline: 4,
  xlog: { received_location: 4_080, replayed_location: 4_000, replayed_timestamp: null, paused: false },
  patroni: { version: "3.2.2", scope: "c", name: "c-1" },
};

const silence = (name: string, silentMs: number): SilentMember => ({ name, message: "timed out", silentMs });

function reportOfAnswers(answers: Record<string, unknown>, silent: readonly SilentMember[] = []) {
  return reportFrom(
    Object.entries(answers).map(([name, body]) => [name, parseAnswer(body)] as const),
    silent,
  );
}

/** `kind reason`, of what members answer. */
function verdict(
  answers: Record<string, unknown>,
  { seen = pods, silent = [] }: { seen?: Member[]; silent?: readonly SilentMember[] } = {},
): string {
  const found = verdictOf(reportOfAnswers(answers, silent), seen);
  return found.kind === "bad" ? `bad ${found.reason}` : found.kind;
}

Deno.test("one leader that runs, whom all ready pods follow on its timeline, is good", () => {
  assert.equal(verdict({ "c-0": leader, "c-1": standby }), "good");
  assert.equal(verdict({ "c-0": { ...leader, role: "primary" }, "c-1": standby }), "good");
  assert.equal(verdict({ "c-0": leader, "c-1": { ...standby, sync_standby: true } }), "good");
  assert.equal(verdict({ "c-0": { ...standby, role: "standby_leader" }, "c-1": standby }), "good");
  assert.equal(verdict({ "c-0": leader }, { seen: [member("c-0"), member("c-1", false)] }), "good");
});

Deno.test("anything else is bad, for a reason", () => {
  const unready = [member("c-0", false), member("c-1")];
  assert.equal(verdict({ "c-0": standby, "c-1": standby }), "bad NoLeader");
  assert.equal(verdict({ "c-0": { ...leader, state: "stopped" }, "c-1": standby }), "bad NoLeader");
  assert.equal(verdict({ "c-0": leader, "c-1": standby }, { seen: unready }), "bad NoLeader");
  assert.equal(verdict({ "c-0": leader, "c-1": leader }), "bad TwoLeaders");
  assert.equal(verdict({ "c-0": leader }), "bad NoAnswer");
  const archived = { ...standby, replication_state: "in archive recovery" };
  assert.equal(verdict({ "c-0": alone, "c-1": archived }), "bad NotStreaming");
  assert.equal(verdict({ "c-0": leader, "c-1": { ...standby, state: "starting" } }), "bad NotStreaming");
  assert.equal(verdict({ "c-0": alone, "c-1": { ...standby, timeline: 3 } }), "bad OtherTimeline");
});

Deno.test("a leader that sees a standby stream is believed before the standby, which learns of timelines later", () => {
  assert.equal(verdict({ "c-0": leader, "c-1": { ...standby, timeline: 3 } }), "good");
  assert.equal(verdict({ "c-0": leader, "c-1": { ...standby, replication_state: undefined } }), "good");
  const startsUp = { ...leader, replication: [{ application_name: "c-1", state: "startup" }] };
  assert.equal(verdict({ "c-0": startsUp, "c-1": { ...standby, timeline: 3 } }), "bad OtherTimeline");
});

Deno.test("an old leader that stops beside its successor is no second one", () => {
  assert.equal(
    verdict({ "c-0": { ...leader, state: "stopping" }, "c-1": { ...leader, timeline: 5 } }),
    "bad NotStreaming",
  );
});

Deno.test("a silent standby counts while the leader sees it stream, and a silent leader for 10 s", () => {
  const [short, long] = [SILENCE_MS - 1, SILENCE_MS];
  assert.equal(verdict({ "c-0": leader }, { silent: [silence("c-1", long)] }), "good");
  assert.equal(verdict({ "c-0": alone }, { silent: [silence("c-1", short)] }), "grace");
  assert.equal(verdict({ "c-0": alone }, { silent: [silence("c-1", long)] }), "bad NoAnswer");
  assert.equal(verdict({ "c-1": standby }, { silent: [silence("c-0", short)] }), "grace");
  assert.equal(verdict({ "c-1": standby }, { silent: [silence("c-0", long)] }), "bad NoLeader");
});

Deno.test("lags are what a standby has received less than its leader wrote, and never below nothing", () => {
  const lagOf = (change: object, by: object = leader) =>
    reportOfAnswers({ "c-0": by, "c-1": { ...standby, ...change } }).members[1]?.lagBytes;
  assert.equal(lagOf({}), 16);
  assert.equal(lagOf({ xlog: { received_location: null, replayed_location: 4_000 } }), 96);
  assert.equal(lagOf({ xlog: { received_location: 5_000 } }), 0);
  assert.equal(lagOf({ xlog: undefined, wal: { received_location: 4_000 } }), 96);
  assert.equal(lagOf({ xlog: {} }), undefined);
  assert.equal(lagOf({}, { ...leader, xlog: undefined }), undefined);
});

Deno.test("without an answer workloads count for 120 s, then nobody knows", () => {
  const failed = (failingMs: number) =>
    judge({ kind: "failed", error: new Error("silence"), failingMs, dueMs: 0 }, pods).kind;
  assert.equal(judge({ kind: "pending", dueMs: 0 }, pods).kind, "pending");
  assert.equal(failed(GRACE_MS - 1), "grace");
  assert.equal(failed(GRACE_MS), "missing");
});

Deno.test("when nobody answers, the reason is always that of the same member, whoever fails first", async () => {
  const clock = { now: () => new Date(0), monotonic: () => 0, after: () => ({ cancel: () => {} }) };
  const refuse = () => Promise.reject(new PatroniError("not asked"));
  const asked = {
    addresses: new Map([["c-0", "first"], ["c-1", "second"]]),
    members: "",
    silentSince: new Map([["c-9", 0]]),
  };
  for (const slow of ["first", "second"]) {
    const member = async (address: string) => {
      if (address === slow) await new Promise((resolve) => setTimeout(resolve, 1));
      throw new PatroniError(`${address} is silent`);
    };
    const client = { member, switchover: refuse, setParameters: refuse };
    const asking = askMembers(asked, { client, clock }, new AbortController().signal);
    await assert.rejects(asking, /^PatroniError: first is silent$/);
  }
  assert.deepEqual([...asked.silentSince.keys()].sort(), ["c-0", "c-1"], "those that are gone are forgotten");
});

Deno.test("an answer from before the pods changed accuses no standby, but a leader that is gone is gone", () => {
  const done = (answers: Record<string, unknown>) =>
    judge({ kind: "done", result: reportOfAnswers(answers), ageMs: 0, outdated: true, dueMs: 0 }, pods);
  assert.equal(done({ "c-0": leader }).kind, "grace");
  assert.equal(done({ "c-1": standby }).kind, "bad");
  const good = done({ "c-0": leader, "c-1": standby });
  assert.equal(good.kind, "good");
  assert.equal(awaitedWord(good), "The members are being asked again");
  assert.equal(awaitedWord(verdictOf(reportOfAnswers({ "c-0": leader, "c-1": standby }), pods)), undefined);
});

Deno.test("an answer without a role is refused; a pause that any member knows of counts", () => {
  assert.throws(() => parseAnswer({ state: "running" }), /role or its state is missing/);
  assert.throws(() => parseAnswer([]), /role or its state is missing/);
  assert.equal(reportOfAnswers({ "c-0": leader, "c-1": { ...standby, pause: true } }).paused, true);
});
