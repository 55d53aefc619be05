/** What a running operator offers to others, and how it ends. */
import assert from "node:assert/strict";
import { get } from "node:https";
import type { GroundClient } from "../../ground/client.ts";
import { connectionAs, ownedTest, sharedCluster } from "../../ground/ground.ts";
import { stringAt } from "../../ground/json.ts";
import { waitUntil } from "../../ground/wait_for.ts";
import { uniqueName, withNamespace } from "../../ground/with_namespace.ts";
import { access, OWN_PORTS, type Program, startProgram } from "../../support/program.ts";

/** The address that a record with this message names. */
async function addressOf(program: Program, message: string): Promise<string> {
  const [, address = ""] = await program.line(new RegExp(`"message":"${message}","address":"([^"]+)"`));
  return address;
}

/** Makes a ServiceAccount and a token of it that lives for ten minutes. */
async function tokenOf(client: GroundClient, namespace: string, name: string): Promise<string> {
  await client.apply({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name } }, namespace);
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} };
  return stringAt(await client.request("POST", path, request), "status", "token") ?? "";
}

/** Lets a ServiceAccount get the path /metrics; returns what takes that back. */
async function letRead(client: GroundClient, namespace: string, name: string): Promise<() => Promise<void>> {
  const role = uniqueName("metrics reader");
  const group = "rbac.authorization.k8s.io";
  await client.apply({
    apiVersion: `${group}/v1`,
    kind: "ClusterRole",
    metadata: { name: role },
    rules: [{ nonResourceURLs: ["/metrics"], verbs: ["get"] }],
  });
  await client.apply({
    apiVersion: `${group}/v1`,
    kind: "ClusterRoleBinding",
    metadata: { name: role },
    roleRef: { apiGroup: group, kind: "ClusterRole", name: role },
    subjects: [{ kind: "ServiceAccount", name, namespace }],
  });
  return async () => {
    await client.send("DELETE", `/apis/${group}/v1/clusterrolebindings/${role}`);
    await client.send("DELETE", `/apis/${group}/v1/clusterroles/${role}`);
  };
}

/** Asks over TLS without looking at the certificate, which each process makes afresh: what a scraper does. */
function scrape(address: string, token?: string): Promise<{ status: number; text: string }> {
  const [hostname = "", port] = address.split(":");
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  // With an authority of its own the client does not look for the system's.
  const trust = { ca: sharedCluster().connection.caPem ?? "", rejectUnauthorized: false };
  return new Promise((resolve, reject) => {
    get({ hostname, port, path: "/metrics", headers, ...trust, agent: false }, (response) => {
      let text = "";
      response.on("data", (chunk) => text += chunk);
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    }).on("error", reject);
  });
}

Deno.test("metrics over TLS go to accounts that may get /metrics, and to nobody else", async (t) => {
  await withNamespace(t, async ({ namespace, client }) => {
    const reader = await tokenOf(client, namespace, "reader");
    const stranger = await tokenOf(client, namespace, "stranger");
    const takeBack = await letRead(client, namespace, "reader");
    try {
      await using file = await access(sharedCluster().connection, namespace);
      await using program = await startProgram({ args: ["run", ...OWN_PORTS], ...file.options });
      const address = await addressOf(program, "Serving metrics");
      const page = await waitUntil(
        "the reader to be let in",
        () => scrape(address, reader),
        ({ status }) => status === 200,
      );
      assert.match(page.text, /^matriarch_build_info\{version="[^"]+",deno="[^"]+"\} 1$/m);
      assert.match(page.text, /^workqueue_depth\{name="toposerver"\} \d+$/m);
      assert.match(page.text, /^rest_client_requests_total\{code="200",method="GET"\} [1-9]/m);
      assert.equal((await scrape(address, stranger)).status, 403);
      assert.equal((await scrape(address, "forged")).status, 401);
      assert.equal((await scrape(address)).status, 401);
      assert.ok(!(await program.said()).includes(reader), "no token reaches the log");
    } finally {
      await takeBack();
    }
  });
});

Deno.test("without TLS metrics are there for everyone", async () => {
  await using file = await access(sharedCluster().connection);
  await using program = await startProgram({
    args: ["run", ...OWN_PORTS, "--metrics-secure=false"],
    ...file.options,
  });
  const address = await addressOf(program, "Serving metrics");
  const response = await fetch(`http://${address}/metrics`);
  assert.equal(response.status, 200);
  assert.match(await response.text(), /^process_resident_memory_bytes [1-9]\d{6,}$/m);
});

Deno.test("the process is alive at once", async () => {
  await using file = await access(sharedCluster().connection);
  await using program = await startProgram({ args: ["run", ...OWN_PORTS], ...file.options });
  const response = await fetch(`http://${await addressOf(program, "Serving probes")}/healthz`);
  assert.deepEqual([response.status, await response.text()], [200, "ok\n"]);
});

ownedTest(
  "a user without rights is told verb and kind, and the operator is ready once they are granted",
  async (t) => {
    await withNamespace(t, async ({ namespace, client }) => {
      const user = uniqueName("nobody");
      await using file = await access(await connectionAs({ user }), namespace);
      await using program = await startProgram({
        args: ["run", ...OWN_PORTS, `--watch-namespace=${namespace}`],
        ...file.options,
      });
      const address = await addressOf(program, "Serving probes");
      await program.line(
        new RegExp(`Cannot list and watch pods: .*User .*${user}.* cannot list resource .*pods`),
      );
      const before = await fetch(`http://${address}/readyz`);
      assert.equal(before.status, 503);
      assert.match(await before.text(), /^\[-\] caches: .*cannot list resource/m);
      assert.ok(program.running());

      const group = "rbac.authorization.k8s.io";
      const subjects = [{ kind: "User", name: user, apiGroup: group }];
      const roleRef = { apiGroup: group, kind: "ClusterRole", name: "cluster-admin" };
      const binding = {
        apiVersion: `${group}/v1`,
        kind: "ClusterRoleBinding",
        metadata: { name: user },
        roleRef,
        subjects,
      };
      await client.apply(binding);
      try {
        const ask = async () => await (await fetch(`http://${address}/readyz`)).text();
        await waitUntil("the rights to be noticed", ask, (text) => !text.includes("cannot list"), {
          timeoutMs: 60_000,
        });
      } finally {
        await client.send("DELETE", `/apis/${group}/v1/clusterrolebindings/${user}`);
      }
    });
  },
);

Deno.test("told to stop, the operator gives its Lease back and ends with code 0", async (t) => {
  await withNamespace(t, async ({ namespace, client }) => {
    await using file = await access(sharedCluster().connection, namespace);
    await using program = await startProgram({
      args: ["run", ...OWN_PORTS, "--leader-elect"],
      ...file.options,
    });
    const path =
      `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/multigres-operator.multigres.com`;
    const holder = async () => stringAt(await client.get(path), "spec", "holderIdentity") ?? "";
    await waitUntil("the Lease to be held", holder, (name) => name !== "");
    program.signal("SIGTERM");
    assert.equal(await program.code, 0);
    assert.equal(await holder(), "");
    assert.match(await program.said(), /"message":"Stopped"/);
  });
});

Deno.test("a second signal ends the operator at once with code 130", async () => {
  await using file = await access(sharedCluster().connection);
  await using program = await startProgram({ args: ["run", ...OWN_PORTS], ...file.options });
  await program.line(/"message":"Started"/);
  program.signal("SIGTERM");
  program.signal("SIGINT");
  assert.equal(await program.code, 130);
});
