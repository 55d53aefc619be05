import assert from "node:assert/strict";
import { viewOf } from "../../tests/support/cluster_view.ts";
import { clusterSpec } from "../../tests/support/multigres_specs.ts";
import {
  CERT_MANAGER_DEFAULTS,
  certificateSet,
  desiredCertificates,
  isDnsName,
  wantedCertificates,
} from "./desired_certificates.ts";

const view = (fields: Readonly<Record<string, unknown>>) => viewOf(clusterSpec(fields), { name: "orders" });

Deno.test("a cluster that asks for nothing gets no certificate", () => {
  assert.deepEqual(wantedCertificates(view({})), []);
  assert.deepEqual(wantedCertificates(view({ internalTLS: { enabled: false }, certCommonName: "" })), []);
});

Deno.test("the public certificate is for the common name, and for the domain that it is the database of", () => {
  const namesOf = (certCommonName: string) => wantedCertificates(view({ certCommonName }))[0]?.dnsNames;
  assert.deepEqual(namesOf("db.example.com"), ["db.example.com", "example.com"]);
  assert.deepEqual(namesOf("pg.db.example.com"), ["pg.db.example.com"]);
  assert.deepEqual(namesOf("*.example.com"), ["*.example.com"]);
});

Deno.test("each component has a certificate of its own, and the gateway speaks for the poolers too", () => {
  const found = wantedCertificates(view({ internalTLS: { enabled: true } }));
  const name = (component: string) => `${component}.orders.shop.multigres.internal`;
  assert.deepEqual(Object.fromEntries(found.map(({ secretName, dnsNames }) => [secretName, dnsNames])), {
    [name("multiadmin")]: [name("multiadmin")],
    [name("multigateway")]: [name("multigateway"), name("multipooler")],
    [name("multiorch")]: [name("multiorch")],
    [name("multipooler")]: [name("multipooler")],
  });
  assert.ok(found.every(({ usages }) => usages.join() === "server,client"));
});

Deno.test("the authority is called after its cluster, in 64 bytes, and owned by it like all that it signs", () => {
  const { authority, owner, labels, leaves } = certificateSet(view({ certCommonName: "db.example.com" }));
  assert.deepEqual(authority, {
    secretName: "orders-ca",
    profile: { organization: "Multigres", commonName: "orders.shop CA" },
  });
  assert.deepEqual([owner?.kind, owner?.controller], ["MultigresCluster", true]);
  assert.equal(labels["app.kubernetes.io/component"], "certificates");
  const long = `db.${"a".repeat(60)}.example.com`;
  const [leaf] = certificateSet(view({ certCommonName: long })).leaves;
  assert.deepEqual([leaf?.wanted.commonName.length, leaf?.wanted.dnsNames[0]], [64, long]);
  assert.equal(leaves[0]?.secretName, "orders-multigateway-tls");
});

Deno.test("what cannot be the name of an object is still what the Certificate is for", () => {
  const [certificate] = desiredCertificates(view({ certCommonName: "*.Example.com" }), CERT_MANAGER_DEFAULTS);
  assert.equal(certificate?.metadata.name, "orders-multigateway-tls");
  assert.deepEqual(certificate.spec?.dnsNames, ["*.Example.com"]);
  assert.match(certificate.spec.literalSubject ?? "", /, CN=\*\.Example\.com$/);
});

Deno.test("names that no certificate can be for are told from those that can", () => {
  for (const name of ["a", "db.example.com", "*.example.com", "A.B", `${"a".repeat(63)}.b`]) {
    assert.ok(isDnsName(name), name);
  }
  for (
    const name of [
      "",
      "my db",
      "-a",
      "a..b",
      "a.*.b",
      "é.b",
      "a,b",
      `${"a".repeat(64)}.b`,
      "a.".repeat(127) + "abc",
    ]
  ) {
    assert.ok(!isDnsName(name), name);
  }
});
