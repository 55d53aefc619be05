import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { loadInCluster } from "./in_cluster.ts";
import { ManualClock } from "./manual_clock.ts";

const folder = fileURLToPath(new URL("../tests/fixtures/service_account", import.meta.url));
const clock = new ManualClock();

Deno.test("a pod's connection comes from its environment and its service account", async () => {
  const connection = await loadInCluster({ host: "10.0.0.1", port: "6443", folder, clock });
  assert.equal(connection.server, "https://10.0.0.1:6443");
  assert.equal(connection.namespace, "postgres-system");
  assert.equal(await connection.token?.(), "token-of-the-pod");
  assert.match(connection.caPem ?? "", /BEGIN CERTIFICATE/);
});

Deno.test("an IPv6 address stands in brackets, and the port is 443 when none is given", async () => {
  const server = async (host: string, port?: string) =>
    (await loadInCluster({ host, port, folder, clock })).server;
  assert.equal(await server("fd00::1", "443"), "https://[fd00::1]:443");
  assert.equal(await server("[fd00::1]", ""), "https://[fd00::1]:443");
  assert.equal(await server("kubernetes.default.svc"), "https://kubernetes.default.svc:443");
});

Deno.test("outside of a pod the error says that this is none", async () => {
  await assert.rejects(
    loadInCluster({ host: undefined, port: undefined, folder, clock }),
    /KUBERNETES_SERVICE_HOST is not set: this is no pod/,
  );
});

Deno.test("a pod without a mounted service account is told which file is missing", async () => {
  await assert.rejects(
    loadInCluster({ host: "10.0.0.1", port: "443", folder: `${folder}/none`, clock }),
    /Cannot read the API server's certificate authority at .*none\/ca\.crt: there is no such file/,
  );
});
