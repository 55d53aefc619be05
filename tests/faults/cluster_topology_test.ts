/** A cluster whose etcd is out of reach, in each way that there is, and what it says of it. */
import assert from "node:assert/strict";
import { type MultigresCluster, MultigresClusters } from "../../api/multigres/multigres_cluster.ts";
import type { Stores } from "../../controllers/services.ts";
import type { KubeClient } from "../../kube/client.ts";
import { Deployments, Events, Secrets } from "../../kube/kinds.ts";
import { StorePool } from "../../topology/etcd/store_pool.ts";
import { ownedTest, privateControlPlane } from "../ground/ground.ts";
import { createAuthority } from "../ground/pki.ts";
import { freePort } from "../ground/ports.ts";
import { delay, waitUntil } from "../ground/wait_for.ts";
import { downToShards } from "../support/cluster_stage.ts";
import { clusterSpec } from "../support/multigres_specs.ts";
import { installKinds, type RunningOperator, startOperator, steadyClient } from "../support/operator.ts";
import { PENDING_MS, untilQuiet } from "../support/quiet.ts";
import { PrivateEtcd } from "../support/private_etcd.ts";

const namespace = "default";

interface Stage {
  readonly client: KubeClient;
  readonly operator: RunningOperator;
  apply(
    name: string,
    external: Readonly<Record<string, unknown>>,
    more?: Readonly<Record<string, unknown>>,
  ): Promise<void>;
  until(
    name: string,
    accept: (said: string, cluster: MultigresCluster) => boolean,
  ): Promise<MultigresCluster>;
}

function scenario(name: string, run: (stage: Stage, t: Deno.TestContext) => Promise<void>): void {
  ownedTest(name, async (t) => {
    await using plane = await privateControlPlane("api");
    using client = steadyClient(plane.connection);
    await installKinds(client);
    using pool = new StorePool({ timeoutMs: 1_500 });
    const stores: Stores = { borrow: (connection) => pool.borrow(connection) };
    await using operator = startOperator(plane.connection, {
      setUp: downToShards({ stores }),
    });
    await run({
      client,
      operator,
      apply: async (name, external, more = {}) => {
        const globalTopoServer = { external: { rootPath: `/${name}`, ...external } };
        const cells = [{ name: "zone-a", zoneId: "a" }];
        const spec = clusterSpec({ globalTopoServer, cells, ...more });
        await client.apply(MultigresClusters.resource, { metadata: { name, namespace }, spec });
      },
      until: (name, accept) =>
        waitUntil(
          `${name} to say it`,
          () => client.get(MultigresClusters.resource, { name, namespace }),
          (seen) => accept(said(seen), seen),
        ),
    }, t);
  });
}

/** `Status/Reason: message` of the condition. */
function said({ status }: MultigresCluster): string {
  const found = status?.conditions?.find(({ type }) => type === "TopologyRegistered");
  return `${found?.status}/${found?.reason}: ${found?.message}`;
}

async function secret(
  client: KubeClient,
  name: string,
  texts: Readonly<Record<string, string>>,
): Promise<void> {
  const data = Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, btoa(text)]));
  await client.apply(Secrets, { metadata: { name, namespace }, data });
}

/** A server that takes connections and never says a word. */
function silentServer(): Disposable & { readonly endpoint: string } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const taken: Deno.Conn[] = [];
  void (async () => {
    for await (const connection of listener) taken.push(connection);
  })().catch(() => {});
  return {
    endpoint: `http://127.0.0.1:${listener.addr.port}`,
    [Symbol.dispose]: () => {
      listener.close();
      for (const connection of taken) connection.close();
    },
  };
}

scenario(
  "the condition tells what is wrong with the way to etcd, and that it is put right is found within seconds",
  async (stage, t) => {
    const { client, apply, until } = stage;
    await using etcd = await PrivateEtcd.start("mutual");
    using silent = silentServer();
    const { authority, endpoint } = etcd;
    const stranger = await createAuthority();
    const { certPem, keyPem } = await authority.issueClient({ user: "operator" });
    await secret(client, "ca", { "ca.crt": authority.caPem });
    await secret(client, "client", { "tls.crt": certPem, "tls.key": keyPem });
    await secret(client, "other-ca", { "ca.crt": stranger.caPem });
    await secret(client, "empty", { "something": "else" });
    const tls = { caSecret: "ca", clientCertSecret: "client" };
    const cases = [
      {
        name: "refused",
        external: { endpoints: [`http://127.0.0.1:${freePort()}`] },
        says: /^False\/TopologyWaiting: .*cannot be reached/,
      },
      {
        name: "silent",
        external: { endpoints: [silent.endpoint] },
        says: /^False\/TopologyWaiting: .*accepted no connection in time/,
      },
      {
        name: "http-to-https",
        external: { endpoints: [endpoint.replace("https:", "http:")] },
        says: /^False\/TopologyWaiting: .*check whether it speaks http or https/,
      },
      {
        name: "wrong-authority",
        external: { endpoints: [endpoint], ...tls, caSecret: "other-ca" },
        says: /^False\/TopoConnectFailed: .*certificate that is not to be trusted/,
      },
      {
        name: "no-certificate",
        external: { endpoints: [endpoint], caSecret: "ca" },
        says: /^False\/TopoConnectFailed: .*asks for one that is missing/,
      },
      {
        name: "missing-secret",
        external: { endpoints: [endpoint], ...tls, caSecret: "late" },
        says: /^False\/TopoConnectFailed: Cannot use Secret late .* as it does not exist/,
      },
      {
        name: "missing-key",
        external: { endpoints: [endpoint], ...tls, clientCertSecret: "empty" },
        says: /^False\/TopoConnectFailed: Cannot use Secret empty .* as it has no key tls\.crt/,
      },
    ];
    for (const { name, external } of cases) await apply(name, external);
    for (const { name, says } of cases) {
      await t.step(name, async () => {
        const { status } = await until(name, (words) => says.test(words));
        assert.equal(status?.phase, "Progressing");
        const admin = await client.find(Deployments, { namespace, name: `${name}-multiadmin` });
        assert.ok(admin, "what does not need the topology is there");
      });
    }
    await secret(client, "late", { "ca.crt": authority.caPem });
    for (const { name } of cases) await apply(name, { endpoints: [endpoint], ...tls });
    const begun = performance.now();
    for (const { name } of cases) await until(name, (words) => words.startsWith("True/Registered"));
    console.log(`all registered after ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  },
);

scenario(
  "a Secret that comes late is found within seconds, and attempts get rarer",
  async ({ client, operator, apply, until }) => {
    await using etcd = await PrivateEtcd.start("server");
    await apply("c", { endpoints: [etcd.endpoint], caSecret: "late" });
    await until("c", (words) => words.includes("Secret late"));
    await delay(8_000);
    await secret(client, "late", { "ca.crt": etcd.authority.caPem });
    const begun = performance.now();
    await until("c", (words) => words.startsWith("True/Registered"));
    assert.ok(performance.now() - begun < 12_000);
    const looks = operator.transport.seen.filter((entry) => entry.endsWith("/secrets/late")).length;
    assert.ok(looks >= 2 && looks <= 8, `${looks} looks at the Secret`);
  },
);

scenario("an etcd without a quorum is told from one that is gone", async ({ apply, until }) => {
  await using etcd = await PrivateEtcd.start();
  await apply("c", { endpoints: [etcd.endpoint] });
  await until("c", (words) => words.startsWith("True/Registered"));
  const response = await fetch(`${etcd.endpoint}/v3/cluster/member/add`, {
    method: "POST",
    body: JSON.stringify({ peerURLs: [`http://127.0.0.1:${freePort()}`] }),
  });
  assert.ok(response.ok, await response.text());
  await apply("d", { endpoints: [etcd.endpoint] });
  const seen = await until("d", (words) => /TopologyWaiting: .*(gave no answer|answered)/.test(words));
  console.log(said(seen));
});

scenario(
  "a cluster whose etcd goes away keeps its parts up to date, says so once, and recovers by itself",
  async (stage) => {
    const { client, apply, until, operator } = stage;
    await using etcd = await PrivateEtcd.start();
    const external = { endpoints: [etcd.endpoint] };
    const replicas = (count: number) => ({ multiadmin: { spec: { replicas: count } } });
    await apply("c", external, replicas(1));
    await until("c", (words) => words.startsWith("True/Registered"));
    await etcd.stop();
    // The order is as before, so only what is new to the topology would be asked for: another cell.
    const cells = [{ name: "zone-a", zoneId: "a" }, { name: "zone-b", zoneId: "b" }];
    await apply("c", external, { ...replicas(2), cells });
    const lost = await until("c", (words) => words.startsWith("Unknown/TopoConnectFailed"));
    assert.equal(lost.status?.observedGeneration, lost.metadata.generation);
    const admin = await client.get(Deployments, { namespace, name: "c-multiadmin" });
    assert.equal(admin.spec?.replicas, 2);

    await untilQuiet(operator, PENDING_MS, 90_000);
    const before = operator.transport.writes.length;
    await delay(12_000);
    assert.deepEqual(operator.transport.writes.slice(before), [], "nothing is said twice");
    const warnings = (await client.listAll(Events, { namespace })).filter(({ reason }) =>
      reason === "TopoConnectFailed"
    );
    assert.deepEqual(warnings.map(({ type, count }) => `${type} ${count}`), ["Warning 1"]);

    await etcd.start();
    await until("c", (words) => words.startsWith("True/Registered"));
  },
);
