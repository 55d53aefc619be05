import { equal, match, notEqual, ok } from "node:assert/strict";
import fc from "fast-check";
import {
  certificateCommonName,
  clusterAuthoritySecretName,
  internalCertificateName,
  publicCertificateSecretName,
} from "./certificate_names.ts";

Deno.test("an internal certificate is called after component, cluster and namespace", () => {
  equal(
    internalCertificateName("multipooler", { cluster: "orders", namespace: "shop" }),
    "multipooler.orders.shop.multigres.internal",
  );
});

Deno.test("two clusters of a namespace keep their authorities and public certificates apart", () => {
  equal(publicCertificateSecretName("orders"), "orders-multigateway-tls");
  equal(clusterAuthoritySecretName("orders"), "orders-ca");
});

Deno.test("a common name of 64 bytes stays, a longer one is cut and keeps a hash of the whole", () => {
  equal(certificateCommonName("a".repeat(64)), "a".repeat(64));
  equal(certificateCommonName("a".repeat(65)), `${"a".repeat(55)}-635361c4`);
  notEqual(certificateCommonName("a".repeat(65)), certificateCommonName("a".repeat(66)));
  match(certificateCommonName("é".repeat(40)), /^é{27}-[0-9a-f]{8}$/);
});

Deno.test("no common name is longer than X.509 takes", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme", maxLength: 200 }), (name) => {
    ok(new TextEncoder().encode(certificateCommonName(name)).length <= 64);
  }));
});
