import assert from "node:assert/strict";
import { createAuthority } from "../../tests/ground/pki.ts";
import { checkTls, originsOf } from "./connection.ts";

Deno.test("endpoints may be URLs or host and port, and each is used once", () => {
  const plain = { endpoints: ["etcd.example:2379", "http://etcd.example:2379/", "[::1]:2379"] };
  assert.deepEqual(originsOf(plain), ["http://etcd.example:2379", "http://[::1]:2379"]);
  assert.deepEqual(originsOf({ endpoints: ["10.0.0.1:2379"], tls: {} }), ["https://10.0.0.1:2379"]);
});

Deno.test("what is no endpoint is named", () => {
  const failure = "invalid";
  assert.throws(() => originsOf({ endpoints: [] }), { failure, message: /no endpoints/ });
  for (const endpoint of ["", "ftp://etcd:21", "http://", "a b"]) {
    assert.throws(
      () => originsOf({ endpoints: [endpoint] }),
      { failure, message: /is no address/ },
      endpoint,
    );
  }
});

Deno.test("certificates are looked at before they are used", async () => {
  const { caPem, issueClient } = await createAuthority();
  const mine = await issueClient({ user: "mine" });
  const other = await issueClient({ user: "other" });
  checkTls({});
  checkTls({ caPem, ...mine });
  const wrong = (tls: Parameters<typeof checkTls>[0], message: RegExp) =>
    assert.throws(() => checkTls(tls), { failure: "invalid", message });
  wrong({ caPem: "ca" }, /ca\.crt/);
  wrong({ certPem: mine.certPem }, /half of a client certificate/);
  wrong({ keyPem: mine.keyPem }, /half of a client certificate/);
  wrong({ certPem: "x", keyPem: mine.keyPem }, /tls\.crt/);
  wrong({ certPem: mine.certPem, keyPem: "x" }, /tls\.key/);
  wrong({ certPem: mine.certPem, keyPem: other.keyPem }, /another one/);
});
