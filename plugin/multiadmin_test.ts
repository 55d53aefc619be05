import assert from "node:assert/strict";
import { type Shard, Shards } from "../api/multigres/shard.ts";
import type { KubeRequest, Transport } from "../kube/transport.ts";
import { Multiadmin } from "./multiadmin.ts";

const { group, version, kind } = Shards.definition;
const shard: Shard = {
  apiVersion: `${group}/${version}`,
  kind,
  metadata: { name: "s" },
  spec: {
    databaseName: "db",
    tableGroupName: "tg",
    shardName: "0-8",
    globalTopoServer: { address: "a", implementation: "etcd", rootPath: "/" },
    images: { multiorch: "m", multipooler: "p", postgres: "d" },
    postgresPasswordSecretRef: { name: "pw", key: "password" },
    multiorch: {},
    pools: {},
  },
};

/** An API server whose proxy answers so. */
function answering(
  status: number,
  body: unknown,
): { readonly seen: KubeRequest[]; readonly multiadmin: Multiadmin } {
  const seen: KubeRequest[] = [];
  const transport: Transport = {
    request: (request) => {
      seen.push(request);
      return Promise.resolve({ status, body: typeof body === "string" ? body : JSON.stringify(body) });
    },
    stream: () => Promise.reject(new Error("nothing is streamed")),
    close: () => {},
  };
  return { seen, multiadmin: new Multiadmin({ transport, namespace: "shop", cluster: "main" }) };
}

const proxy = "/api/v1/namespaces/shop/services/main-multiadmin:http/proxy/api/v1";

Deno.test("a backup and its job are asked for through the API server's proxy", async () => {
  const begun = answering(200, { jobId: "j/1" });
  assert.equal(await begun.multiadmin.backUp(shard, "full"), "j/1");
  const [request] = begun.seen;
  assert.deepEqual([request?.method, request?.path], ["POST", `${proxy}/backups`]);
  assert.deepEqual(JSON.parse(request?.body ?? ""), {
    database: "db",
    tableGroup: "tg",
    shard: "0-8",
    type: "full",
    forcePrimary: false,
  });
  const running = answering(200, { status: "JOB_STATUS_RUNNING" });
  assert.deepEqual(await running.multiadmin.job(shard, "j/1"), { kind: "under-way", word: "running" });
  assert.equal(running.seen[0]?.path, `${proxy}/jobs/j%2F1?database=db&tableGroup=tg&shard=0-8`);
});

Deno.test("a job is done, has failed with its reason, or is under way as long as nothing else is said", async () => {
  const job = (answer: unknown) => answering(200, answer).multiadmin.job(shard, "j");
  assert.deepEqual(await job({ status: "JOB_STATUS_COMPLETED", backupId: "b" }), {
    kind: "done",
    backup: "b",
  });
  assert.deepEqual(await job({ status: "JOB_STATUS_FAILED", errorMessage: "no room" }), {
    kind: "failed",
    message: "no room",
  });
  assert.deepEqual(await job({}), { kind: "under-way", word: "unknown" });
});

Deno.test("a primary is asked to resign by the path of its shard", async () => {
  const { seen, multiadmin } = answering(200, { oldLeaderId: {} });
  await multiadmin.switchPrimary(shard, "why");
  assert.deepEqual([seen[0]?.path, seen[0]?.body], [
    `${proxy}/shards/db/tg/0-8/switch-primary`,
    '{"reason":"why"}',
  ]);
});

Deno.test("refusals name the Service, the answer, and what helps", async () => {
  const ask = (status: number, body: unknown) =>
    answering(status, body).multiadmin.switchPrimary(shard, "why");
  await assert.rejects(
    () => ask(503, { kind: "Status", message: "no endpoints available" }),
    /Service shop\/main-multiadmin as it answers 503: no endpoints available; are pods of the cluster's multiadmin/,
  );
  await assert.rejects(() => ask(403, { kind: "Status", message: "no" }), /create services\/proxy is needed/);
  await assert.rejects(
    () => ask(200, "<html>"),
    /Cannot read the answer of Service shop\/main-multiadmin: <html>/,
  );
});
