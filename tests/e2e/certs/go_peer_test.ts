import assert from "node:assert/strict";
import { setOf } from "../../support/certificate_sets.ts";
import { SecretWorld } from "../../support/secret_world.ts";
import { type Credentials, mutualServer } from "../../support/tls_party.ts";
import { type KubectlResult, tryKubectl } from "../../ground/kubectl.ts";

const POOLER = "multipooler.orders.shop.multigres.internal";
const GATEWAY = "multigateway.orders.shop.multigres.internal";
const set = setOf(POOLER, GATEWAY);

/** The components of Multigres are written in Go, and so is kubectl: it calls a server with these credentials. */
async function call(
  port: number,
  serverName: string,
  { cert, key, ca }: Credentials,
): Promise<KubectlResult> {
  const kubeconfig = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "c",
    contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
    clusters: [{
      name: "c",
      cluster: {
        server: `https://127.0.0.1:${port}`,
        "tls-server-name": serverName,
        "certificate-authority-data": btoa(ca),
      },
    }],
    users: [{ name: "u", user: { "client-certificate-data": btoa(cert), "client-key-data": btoa(key) } }],
  };
  return await tryKubectl(["get", "--raw", "/"], {
    kubeconfigPath: "/dev/stdin",
    stdin: JSON.stringify(kubeconfig),
  });
}

function mounted(world: SecretWorld, name: string): Credentials {
  return {
    cert: world.text(name, "tls.crt"),
    key: world.text(name, "tls.key"),
    ca: world.text(name, "ca.crt"),
  };
}

async function worldOfToday(): Promise<SecretWorld> {
  const world = new SecretWorld();
  world.clock.jumpWall(Date.now() - world.clock.now().getTime());
  await world.settle(set);
  return world;
}

Deno.test("a program in Go accepts our certificates, and is accepted with one, also while an authority is replaced", async () => {
  const world = await worldOfToday();
  const before = mounted(world, GATEWAY);
  // From here on two authorities of the same name are trusted.
  world.secrets.delete(set.authority.secretName);
  await world.settle(set);
  const announced = mounted(world, GATEWAY);
  const pooler = mounted(world, POOLER);
  for (const client of [before, announced]) {
    await using server = await mutualServer(pooler);
    const { code, stdout, stderr } = await call(server.port, POOLER, client);
    assert.equal(code, 0, stderr);
    assert.equal(stdout, '{"served":true}');
  }
  world.clock.jumpWall(300_000);
  await world.settle(set);
  await using renewed = await mutualServer(mounted(world, POOLER));
  assert.equal((await call(renewed.port, POOLER, announced)).code, 0);
});

Deno.test("a program in Go refuses a server of another cluster, and one that has another name", async () => {
  const [ours, theirs] = [await worldOfToday(), await worldOfToday()];
  await using server = await mutualServer(mounted(ours, POOLER));
  const stranger = await call(server.port, POOLER, mounted(theirs, GATEWAY));
  assert.match(stranger.stderr, /certificate signed by unknown authority/);
  const other = await call(server.port, GATEWAY, mounted(ours, GATEWAY));
  assert.match(other.stderr, /certificate is valid for multipooler/);
});
