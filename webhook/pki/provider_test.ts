import assert from "node:assert/strict";
import { issueLeaf, makeAuthority, systemRandom } from "../../certs/authority.ts";
import { toData } from "../../certs/pem.ts";
import { authoritySecretName } from "./place.ts";
import { providerOf } from "./provider.ts";

const tools = { now: new Date(), random: systemRandom };
const profile = { organization: "o", commonName: "ca" };
const wanted = { organization: "o", commonName: "a", dnsNames: ["a"], usages: ["server"] as const };
const [own, other] = [await makeAuthority(profile, tools), await makeAuthority(profile, tools)];
const [ownPair, otherPair] = [await issueLeaf(own, wanted, tools), await issueLeaf(other, wanted, tools)];
const secrets = [{
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: authoritySecretName },
  data: { "ca.crt": toData(own.certificate) },
}];
const configuration = (ownership: "none" | "some" | "bundle", askedOfCertManager = false) => ({
  ownership,
  askedOfCertManager,
});

Deno.test("who provides the certificate follows from the folder and the configurations", () => {
  const table = [
    [undefined, configuration("none"), "operator"],
    [undefined, configuration("bundle", true), "operator"],
    [ownPair, configuration("none"), "operator"],
    [ownPair, configuration("bundle", true), "operator"],
    [otherPair, configuration("bundle"), "operator"],
    [otherPair, configuration("bundle", true), "others"],
    [otherPair, configuration("some"), "others"],
    [otherPair, configuration("none"), "others"],
  ] as const;
  for (const [files, seen, expected] of table) {
    const found = providerOf({ files, secrets, configurations: [seen] });
    assert.equal(found, expected, `${seen.ownership}, ${seen.askedOfCertManager}, ${files === undefined}`);
  }
  assert.equal(providerOf({ files: otherPair, secrets, configurations: [] }), "others");
  assert.equal(
    providerOf({ files: otherPair, secrets: [], configurations: [configuration("bundle")] }),
    "operator",
  );
});
