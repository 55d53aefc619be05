import assert from "node:assert/strict";
import { createServer } from "node:http2";
import type { ServiceImpl } from "@connectrpc/connect";
import { Code, ConnectError } from "@connectrpc/connect";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { ManualClock } from "../../kube/manual_clock.ts";
import { systemClock } from "../../kube/clock.ts";
import { RPCErrorSchema } from "../../topology/gen/mtrpc_pb.ts";
import {
  BackupStatus,
  MultipoolerManager,
  PostgresStatus,
  type StatusResponseSchema,
} from "../../topology/gen/multipooler_manager_pb.ts";
import type { PoolerAddress, PoolerTls } from "../../topology/poolers/address.ts";
import type { ConnectionsOptions } from "../../topology/poolers/connections.ts";
import { PoolerError, type PoolerFailure } from "../../topology/poolers/errors.ts";
import { GrpcPoolerClient } from "../../topology/poolers/grpc_client.ts";
import { openPoolerClient } from "../../topology/poolers/open.ts";
import { fencedPoolerClient, type PoolerClient } from "../../topology/poolers/pooler_client.ts";
import { type Authority, createAuthority } from "../ground/pki.ts";
import { freePort } from "../ground/ports.ts";
import { delay, waitUntil } from "../ground/wait_for.ts";
import {
  type PoliteServer,
  type ServerTls,
  serving,
  swallow,
  treating,
} from "../support/counting_servers.ts";
import { leavesNoHeap } from "../support/heap.ts";

type Methods = Partial<ServiceImpl<typeof MultipoolerManager>>;

const running = { postgresStatus: PostgresStatus.STANDBY, postgresRunning: true, postgresReady: true };
const standby: MessageInitShape<typeof StatusResponseSchema> = { status: running };

function pooler(methods: Methods, tls?: ServerTls): Promise<PoliteServer> {
  return serving((router) => void router.service(MultipoolerManager, methods), tls);
}

function addressOf({ port }: { readonly port: number }, tls?: PoolerTls): PoolerAddress {
  return { name: "/c/poolers/p", hostname: "127.0.0.1", port, ...(tls === undefined ? {} : { tls }) };
}

/** A real client, closed at the end of its block. */
function opened(options: Partial<ConnectionsOptions> = {}): GrpcPoolerClient & Disposable {
  const client = new GrpcPoolerClient({
    clock: systemClock,
    connectMs: 1_000,
    idleMs: 60_000,
    most: 100,
    ...options,
  });
  return Object.assign(client, { [Symbol.dispose]: () => client.close() });
}

async function failureOf(call: Promise<unknown>): Promise<PoolerError> {
  const failed = await call.then(() => undefined, (error: unknown) => error);
  assert.ok(failed instanceof PoolerError, String(failed));
  return failed;
}

const never = () => new Promise<never>(() => {});

Deno.test("a pooler is asked for its state, its backups, its settings, a backup, and to hand over", async () => {
  const stoppedAt = new Date("2026-03-04T05:06:07Z");
  const asked: unknown[] = [];
  await using server = await pooler({
    status: () => ({
      status: {
        ...running,
        replicationStatus: { lastReceiveLsn: "1/0000000A", walReceiverStatus: "streaming" },
      },
    }),
    getBackups: ({ limit }) => {
      asked.push(limit);
      return {
        backups: [{
          backupId: "20260304-050000F",
          status: BackupStatus.COMPLETE,
          type: "full",
          backupSizeBytes: 2n ** 40n,
          stopTimestamp: timestampFromDate(stoppedAt),
        }],
      };
    },
    getBackupByJobId: ({ jobId }) => jobId === "j-1" ? { backup: { backupId: "b", jobId } } : {},
    reloadConfig: ({ expectedSettings }) => {
      asked.push(expectedSettings);
      return { mismatches: [{ name: "work_mem" }] };
    },
    backup: ({ type, jobId, forcePrimary }) => {
      asked.push([type, jobId, forcePrimary]);
      return { backupId: "20260304-060000F" };
    },
    resignLeadership: () => ({ flushLsn: "0/3000148" }),
  });
  using client = opened();
  const at = addressOf(server);
  const status = await client.status(at);
  assert.deepEqual([status.postgres, status.ready, status.resigning], ["standby", true, false]);
  assert.deepEqual(status.asStandby, {
    received: 0x1_0000_000an,
    replayPaused: false,
    receiver: "streaming",
  });
  const [backup] = await client.backups(at, 10);
  assert.deepEqual([backup?.state, backup?.size, backup?.stoppedAt], ["complete", 2n ** 40n, stoppedAt]);
  assert.equal((await client.backupOfJob(at, "j-1"))?.jobId, "j-1");
  assert.equal(await client.backupOfJob(at, "j-2"), undefined);
  const verdict = await client.reloadConfig(at, { work_mem: "'4MB'" });
  assert.deepEqual(verdict, { kind: "not_yet", settings: ["work_mem"] });
  assert.equal(await client.backUp(at, { type: "full", jobId: "j-3" }), "20260304-060000F");
  assert.equal(await client.resignLeadership(at), 0x3000148n);
  assert.deepEqual(asked, [10, { work_mem: "'4MB'" }, ["full", "j-3", false]]);
  assert.equal(server.open(), 1, "all calls go over one connection");
});

Deno.test("what a pooler answers instead is told apart", async () => {
  const cases: [ConnectError, PoolerFailure][] = [
    [new ConnectError("operation not allowed: not the primary", Code.FailedPrecondition), "wrong_role"],
    [new ConnectError("pgbackrest failed: ERROR [055]", Code.Internal), "internal"],
    [new ConnectError("shutting down", Code.Unavailable), "unavailable"],
    [new ConnectError("no such job", Code.NotFound), "refused"],
    [detailed(Code.Unknown, 18), "wrong_role"],
    [detailed(Code.Unknown, 17), "unavailable"],
    [detailed(Code.Internal, 13), "internal"],
  ];
  const answers = cases.map(([error]) => error);
  await using server = await pooler({ resignLeadership: () => Promise.reject(answers.shift()) });
  using client = opened();
  for (const [error, failure] of cases) {
    const failed = await failureOf(client.resignLeadership(addressOf(server)));
    assert.equal(failed.failure, failure, failed.message);
    assert.match(
      failed.message,
      /^Cannot switch the lead away from the pooler of \/c\/poolers\/p as the pooler at http/,
    );
    assert.ok(failed.message.endsWith(error.rawMessage), failed.message);
  }
  assert.equal((await failureOf(client.status(addressOf(server)))).failure, "unimplemented");
});

function detailed(code: Code, inner: number): ConnectError {
  const error = new ConnectError("see the details", code);
  error.details = [{ desc: RPCErrorSchema, value: create(RPCErrorSchema, { code: inner }) }];
  return error;
}

Deno.test("an answer without content, and one of another service, are no state", async () => {
  await using empty = await pooler({ status: () => ({}) });
  await using other = await treating(async (connection) => {
    await connection.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\n\r\n"));
    await swallow(connection);
  });
  using client = opened();
  for (const server of [empty, other]) {
    assert.equal((await failureOf(client.status(addressOf(server)))).failure, "broken");
  }
});

Deno.test("a pooler that accepts and never speaks, or never answers, ends at the limit", async () => {
  await using silent = treating(swallow);
  await using busy = await pooler({ getBackups: never, status: () => standby });
  using client = opened({ connectMs: 100 });
  const begun = performance.now();
  assert.equal((await failureOf(client.status(addressOf(silent)))).failure, "unreachable");
  const late = await failureOf(client.backups(addressOf(busy), 1, { timeoutMs: 150 }));
  assert.equal(late.failure, "timeout");
  assert.match(late.message, /gave no answer within 150 ms/);
  assert.ok(performance.now() - begun < 1_000);
  await waitUntil("the doubtful connection to end", () => busy.open(), (open) => open === 0);
  assert.equal((await client.status(addressOf(busy))).postgres, "standby", "a new one is made");
});

Deno.test("a call that takes long goes on when another one on the same connection runs out of time", async () => {
  const done = Promise.withResolvers<{ backupId: string }>();
  await using server = await pooler({ backup: () => done.promise, getBackups: never });
  using client = opened();
  const backup = client.backUp(addressOf(server), { type: "full", jobId: "j" });
  assert.equal((await failureOf(client.backups(addressOf(server), 1, { timeoutMs: 50 }))).failure, "timeout");
  done.resolve({ backupId: "whole" });
  assert.equal(await backup, "whole");
});

Deno.test("a pooler that goes away after many calls ran out of time ends its connection, and not this process", async () => {
  const done = Promise.withResolvers<{ backupId: string }>();
  let answers = true;
  await using server = await pooler({
    backup: () => done.promise,
    status: () => answers ? Promise.resolve(standby) : never(),
  });
  using client = opened();
  const at = addressOf(server);
  const backup = client.backUp(at, { type: "full", jobId: "j" });
  for (let call = 0; call < 200; call++) await client.status(at);
  answers = false;
  const late = Array.from({ length: 60 }, () => failureOf(client.status(at, { timeoutMs: 100 })));
  for (const { failure } of await Promise.all(late)) assert.equal(failure, "timeout");
  assert.equal(server.open(), 1, "the connection lives on with its long call");
  server.goAway();
  await delay(100);
  done.resolve({ backupId: "whole" });
  assert.equal(await backup, "whole");
  await waitUntil("the connection to end", () => server.open(), (open) => open === 0);
});

Deno.test("a connection that breaks in the middle of a call ends the call at once", async () => {
  using client = opened();
  const server = await pooler({ backup: never });
  const backup = failureOf(client.backUp(addressOf(server), { type: "full", jobId: "j" }));
  await waitUntil("the connection", () => server.open(), (open) => open === 1);
  await delay(50);
  await server[Symbol.asyncDispose]();
  assert.equal((await backup).failure, "broken");
  // The connection itself may take a moment longer to end than the call on it.
  const next = () => failureOf(client.status(addressOf(server)));
  await waitUntil("calls to find nobody", next, ({ failure }) => failure === "unreachable");
});

Deno.test({
  name: "a long call whose connection breaks leaves no timer behind",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    await using server = await silentAfterSettings();
    const client = opened();
    const backup = failureOf(client.backUp(addressOf(server), { type: "full", jobId: "j" }));
    await waitUntil("the call", () => server.requests(), (count) => count === 1);
    server.hangUp();
    assert.equal((await backup).failure, "broken");
    client.close();
  },
});

/** Speaks HTTP/2, takes requests, and answers none; it keeps no time of its own. */
async function silentAfterSettings() {
  let requests = 0;
  const server = createServer(() => void requests++);
  const sessions = new Set<{ destroy(): void }>();
  server.on("session", (session) => void sessions.add(session));
  const port = freePort();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", () => resolve()));
  return {
    port,
    requests: () => requests,
    hangUp: () => sessions.forEach((session) => session.destroy()),
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

const poolerName = "multipooler.shop.prod.multigres.internal";

async function certificates(authority: Authority, name = poolerName): Promise<ServerTls> {
  return { caPem: authority.caPem, ...await authority.issueServer([name], []) };
}

Deno.test("over TLS both sides prove who they are, whatever the host's name", async (t) => {
  const authority = await createAuthority();
  const stranger = await createAuthority();
  const mine = await authority.issueClient({ user: "operator" });
  const own: PoolerTls = { caPem: authority.caPem, ...mine, serverName: poolerName };
  await using server = await pooler({ status: () => standby }, await certificates(authority));
  const cases: { name: string; tls: PoolerTls; failure: PoolerFailure }[] = [
    { name: "another authority", tls: { ...own, caPem: stranger.caPem }, failure: "untrusted" },
    {
      name: "the name of another cluster",
      tls: { ...own, serverName: "multipooler.other.prod.multigres.internal" },
      failure: "untrusted",
    },
    {
      // This server hangs up without an alert; those of Go send one: tests/faults.
      name: "a client certificate that the pooler does not know",
      tls: { ...own, ...await stranger.issueClient({ user: "operator" }) },
      failure: "broken",
    },
    { name: "no certificate at all", tls: { ...own, certPem: "none" }, failure: "invalid" },
  ];
  using client = opened();
  assert.equal((await client.status(addressOf(server, own))).postgres, "standby");
  for (const { name, tls, failure } of cases) {
    await t.step(name, async () => {
      for (let turn = 0; turn < 3; turn++) {
        const begun = performance.now();
        const failed = await failureOf(client.status(addressOf(server, tls)));
        assert.equal(failed.failure, failure, failed.message);
        assert.ok(performance.now() - begun < 1_000);
      }
    });
  }
  await t.step("no TLS", async () => {
    assert.equal((await failureOf(client.status(addressOf(server)))).failure, "broken");
  });
  assert.equal((await client.status(addressOf(server, own))).postgres, "standby");
  assert.equal(client.size, 1, "nothing is kept of those that failed");
});

Deno.test("connections are bounded: one more waits until another one is idle, or until its time is over", async () => {
  const release = Promise.withResolvers<typeof standby>();
  await using held = await pooler({ status: () => release.promise });
  await using next = await pooler({ status: () => standby });
  using client = opened({ most: 1 });
  const first = client.status(addressOf(held));
  const waited = client.status(addressOf(next));
  const late = await failureOf(client.status(addressOf(next), { timeoutMs: 50 }));
  assert.equal(late.failure, "timeout");
  assert.match(late.message, /all 1 connections to poolers were in use/);
  release.resolve(standby);
  assert.equal((await first).postgres, "standby");
  assert.equal((await waited).postgres, "standby");
  assert.equal(client.size, 1);
  await waitUntil("the idle one to be closed", () => held.open(), (open) => open === 0);
});

Deno.test("connections that nobody uses are closed and forgotten", async () => {
  await using server = await pooler({ status: () => standby });
  const clock = new ManualClock();
  using client = opened({ clock });
  await client.status(addressOf(server));
  await clock.advance(59_999);
  assert.deepEqual([client.size, server.open()], [1, 1]);
  await clock.advance(1);
  assert.equal(client.size, 0);
  await waitUntil("the connection to end", () => server.open(), (open) => open === 0);
  assert.equal(clock.pending, 0);
});

Deno.test("a caller that gives up is told so at once, and a client that is closed ends its calls", async () => {
  await using server = await pooler({ status: never });
  const client = openPoolerClient();
  const giveUp = new AbortController();
  setTimeout(() => giveUp.abort(), 20);
  const given = await failureOf(client.status(addressOf(server), { signal: giveUp.signal }));
  assert.deepEqual([given.failure, /the caller gave up/.test(given.message)], ["aborted", true]);
  setTimeout(() => client.close(), 20);
  const closed = await failureOf(client.status(addressOf(server)));
  assert.deepEqual([closed.failure, /the client is closed/.test(closed.message)], ["aborted", true]);
  assert.equal((await failureOf(client.status(addressOf(server)))).failure, "aborted");
  await waitUntil("the connections to end", () => server.open(), (open) => open === 0);
});

Deno.test("a process without the lease asks, and changes nothing", async () => {
  const called: string[] = [];
  await using server = await pooler({
    status: () => standby,
    resignLeadership: () => {
      called.push("resignLeadership");
      return {};
    },
  });
  using inner = opened();
  const client = fencedPoolerClient(inner, { refusal: () => "the lease was lost" });
  const at = addressOf(server);
  assert.equal((await client.status(at)).postgres, "standby");
  const changes = [
    client.resignLeadership(at),
    client.reloadConfig(at, {}),
    client.backUp(at, { type: "full", jobId: "j" }),
  ];
  for (const change of changes) assert.equal((await failureOf(change)).failure, "fenced");
  assert.deepEqual(called, []);
});

const CALLS = 1_000;
const AT_ONCE = 100;

async function failTimes(client: PoolerClient, server: { readonly port: number }, timeoutMs: number) {
  const failures = new Set<PoolerFailure>();
  for (let done = 0; done < CALLS; done += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      failures.add((await failureOf(client.status(addressOf(server), { timeoutMs }))).failure);
    }));
  }
  return [...failures];
}

/** Fails a thousand times, three times over: neither connections nor memory may be left. */
async function leavesNothing(
  server: { readonly port: number; open(): number },
  failure: PoolerFailure,
  { timeoutMs = 5_000, connectMs = 2_000 } = {},
): Promise<void> {
  using client = opened({ connectMs });
  await leavesNoHeap(500_000, async () => {
    assert.deepEqual(await failTimes(client, server, timeoutMs), [failure]);
    if (failure !== "refused") assert.equal(client.size, 0);
  });
  client.close();
  await waitUntil("the connections to end", () => server.open(), (open) => open === 0, { intervalMs: 5 });
}

Deno.test("1,000 calls to a pooler that is gone leave nothing behind", async () => {
  await leavesNothing({ port: freePort(), open: () => 0 }, "unreachable");
});

Deno.test("1,000 calls to a pooler that closes each connection leave nothing behind", async () => {
  await using server = treating(() => Promise.resolve());
  await leavesNothing(server, "broken");
});

Deno.test("1,000 calls to a pooler that never speaks leave nothing behind", async () => {
  await using server = treating(swallow);
  await leavesNothing(server, "unreachable", { connectMs: 50 });
});

Deno.test("1,000 calls to a pooler that says no leave nothing behind", async () => {
  await using server = await pooler({
    status: () => Promise.reject(new ConnectError("no", Code.InvalidArgument)),
  });
  await leavesNothing(server, "refused");
});

Deno.test("1,000 calls to a pooler that takes too long leave nothing behind", async () => {
  await using server = await pooler({ status: never });
  await leavesNothing(server, "timeout", { timeoutMs: 600 });
});
