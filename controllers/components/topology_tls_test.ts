import assert from "node:assert/strict";
import { topologyTls } from "./topology_tls.ts";

const folder = "/etc/multigres/topology-tls";
const clientFlags = [`--topo-etcd-tls-cert=${folder}/tls.crt`, `--topo-etcd-tls-key=${folder}/tls.key`];
const clientItems = [{ key: "tls.crt", path: "tls.crt" }, { key: "tls.key", path: "tls.key" }];
const caItems = [{ key: "ca.crt", path: "ca.crt" }];

function volumeOf(...sources: { name: string; items: { key: string; path: string }[] }[]) {
  const projected = { defaultMode: 0o444, sources: sources.map((secret) => ({ secret })) };
  return [{ name: "topology-tls", projected }];
}

Deno.test("without Secrets a component gets nothing, also when the names are empty", () => {
  const nothing = { args: [], env: [], volumes: [], mounts: [] };
  assert.deepEqual(topologyTls({}), nothing);
  assert.deepEqual(topologyTls({ caSecret: "", clientCertSecret: "" }), nothing);
});

Deno.test("a client certificate beside an authority goes into one folder, and each file into a flag", () => {
  const tls = topologyTls({ caSecret: "ca", clientCertSecret: "client" });
  assert.deepEqual(tls.args, [...clientFlags, `--topo-etcd-tls-ca=${folder}/ca.crt`]);
  assert.deepEqual(tls.env, []);
  assert.deepEqual(
    tls.volumes,
    volumeOf({ name: "ca", items: caItems }, { name: "client", items: clientItems }),
  );
  assert.deepEqual(tls.mounts, [{ name: "topology-tls", mountPath: folder, readOnly: true }]);
});

Deno.test("a client certificate alone is presented to a server that the image trusts already", () => {
  const tls = topologyTls({ clientCertSecret: "client" });
  assert.deepEqual(tls.args, clientFlags);
  assert.deepEqual(tls.env, []);
  assert.deepEqual(tls.volumes, volumeOf({ name: "client", items: clientItems }));
});

Deno.test("an authority alone is trusted besides those of the image, as its flag would be passed over", () => {
  const tls = topologyTls({ caSecret: "ca" });
  assert.deepEqual(tls.args, []);
  assert.deepEqual(tls.env, [{ name: "SSL_CERT_DIR", value: `/etc/ssl/certs:${folder}` }]);
  assert.deepEqual(tls.volumes, volumeOf({ name: "ca", items: caItems }));
  assert.equal(tls.mounts.length, 1);
});
