import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { Events, type Secret, Secrets } from "../../../kube/kinds.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { delay, waitUntil } from "../../ground/wait_for.ts";
import { withNamespace } from "../../ground/with_namespace.ts";
import {
  certificateScenario,
  type CertificateStage,
  startCertificateOperator,
  TurnedClock,
} from "../../support/certificate_operator.ts";
import { installKinds, steadyClient } from "../../support/operator.ts";
import { MultigresClusters } from "../../../api/multigres/multigres_cluster.ts";
import { clusterSpec } from "../../support/multigres_specs.ts";

const both = { certCommonName: "db.example.com", internalTLS: { enabled: true } };
const PUBLIC = "orders-multigateway-tls";
const AUTHORITY = "orders-ca";

function text(secret: Secret | undefined, key: string): string {
  return atob(secret?.data?.[key] ?? "");
}

function certificate(secret: Secret | undefined, key = "tls.crt"): X509Certificate {
  return new X509Certificate(text(secret, key));
}

function internal(component: string, { namespace }: CertificateStage): string {
  return `${component}.orders.${namespace}.multigres.internal`;
}

certificateScenario(
  "a cluster gets its certificates, and as long as they hold they cost no request",
  async (stage) => {
    await stage.apply(both);
    await stage.untilReason("Issued");
    const secrets = await stage.secrets();
    const components = ["multiadmin", "multigateway", "multiorch", "multipooler"];
    const names = components.map((component) => internal(component, stage));
    assert.deepEqual([...secrets.keys()].sort(), [...names, AUTHORITY, PUBLIC].sort());

    const authority = certificate(secrets.get(AUTHORITY), "ca.crt");
    for (const name of [...names, PUBLIC]) {
      const secret = secrets.get(name);
      assert.equal(secret?.type, "kubernetes.io/tls");
      assert.equal(secret.metadata.ownerReferences?.[0]?.kind, "MultigresCluster");
      const leaf = certificate(secret);
      assert.ok(leaf.verify(authority.publicKey) && leaf.checkIssued(authority));
      assert.ok(leaf.checkPrivateKey(createPrivateKey(text(secret, "tls.key"))));
      assert.equal(text(secret, "ca.crt"), text(secrets.get(AUTHORITY), "ca.crt"));
    }
    assert.equal(certificate(secrets.get(PUBLIC)).subjectAltName, "DNS:db.example.com, DNS:example.com");
    const gateway = certificate(secrets.get(internal("multigateway", stage))).subjectAltName;
    assert.equal(gateway, `DNS:${internal("multigateway", stage)}, DNS:${internal("multipooler", stage)}`);

    const told = async () =>
      (await stage.client.listAll(Events, { namespace: stage.namespace })).map(({ reason }) => reason);
    await waitUntil("the event", told, (reasons) => reasons.includes("Generated"));
    const before = stage.operator.transport.seen.length;
    await stage.touch();
    await delay(1_000);
    assert.deepEqual(stage.operator.transport.seen.slice(before), []);
  },
);

certificateScenario(
  "a Secret that is lost, corrupted or stripped of its labels is put right, the others stay",
  async (stage) => {
    await stage.apply(both);
    await stage.untilReason("Issued");
    const before = await stage.secrets();
    const orch = internal("multiorch", stage);
    const key = (name: string) => ({ namespace: stage.namespace, name });
    const written = before.get(orch);
    assert.ok(written?.metadata.uid !== undefined && written.metadata.resourceVersion !== undefined);
    const precondition = { uid: written.metadata.uid, resourceVersion: written.metadata.resourceVersion };
    await stage.client.delete(Secrets, key(orch), { precondition });
    await stage.untilSecret(orch, ({ metadata }) => metadata.uid !== written.metadata.uid);

    await stage.client.patch(Secrets, key(PUBLIC), { data: { "tls.key": btoa("garbage") } });
    await stage.untilSecret(
      PUBLIC,
      (secret) => text(secret, "tls.key").startsWith("-----BEGIN PRIVATE KEY-----"),
    );
    const mended = (await stage.secrets()).get(PUBLIC);
    assert.notEqual(certificate(mended).serialNumber, certificate(before.get(PUBLIC)).serialNumber);

    const pooler = internal("multipooler", stage);
    await stage.client.patch(Secrets, key(pooler), {
      metadata: { labels: { "app.kubernetes.io/managed-by": null } },
    });
    const labelled = await stage.untilSecret(
      pooler,
      ({ metadata }) => metadata.labels?.["app.kubernetes.io/managed-by"] === "multigres-operator",
    );
    assert.equal(text(labelled, "tls.crt"), text(before.get(pooler), "tls.crt"));
    await stage.untilReason("Issued");
    assert.equal(
      text((await stage.secrets()).get(AUTHORITY), "ca.key"),
      text(before.get(AUTHORITY), "ca.key"),
    );
  },
);

certificateScenario("a certificate is renewed 30 days before its end, not earlier", async (stage) => {
  await stage.apply(both);
  await stage.untilReason("Issued");
  const first = certificate((await stage.secrets()).get(PUBLIC)).serialNumber;
  stage.clock.turn(365 - 31);
  await stage.touch();
  assert.equal(certificate((await stage.secrets()).get(PUBLIC)).serialNumber, first);
  stage.clock.turn(2);
  await stage.touch();
  await stage.untilSecret(PUBLIC, (secret) => certificate(secret).serialNumber !== first);
  await stage.untilReason("Issued");
  const left = certificate((await stage.secrets()).get(PUBLIC)).validToDate.getTime() -
    stage.clock.now().getTime();
  assert.equal(Math.round(left / 86_400_000), 365);
});

certificateScenario(
  "an authority is replaced in steps, each of which is seen in the Secrets",
  async (stage) => {
    await stage.apply({ certCommonName: "db.example.com" });
    await stage.untilReason("Issued");
    const trusted = (secret: Secret | undefined) => text(secret, "ca.crt").match(/BEGIN/g)?.length;
    const first = certificate((await stage.secrets()).get(AUTHORITY), "ca.crt").fingerprint256;
    stage.clock.turn(3_650 - 20);
    await stage.touch();
    await stage.untilReason("Rotating");
    await stage.untilSecret(PUBLIC, (secret) => trusted(secret) === 2);
    assert.equal(certificate((await stage.secrets()).get(AUTHORITY), "ca.crt").fingerprint256, first);
    stage.clock.turn(300 / 86_400);
    await stage.touch();
    const promoted = await stage.untilSecret(
      AUTHORITY,
      (secret) => certificate(secret, "ca.crt").fingerprint256 !== first,
    );
    assert.equal(promoted.data?.["next.key"], undefined);
    const authority = certificate(promoted, "ca.crt");
    await stage.untilSecret(PUBLIC, (secret) => certificate(secret).verify(authority.publicKey));
    stage.clock.turn(1.1);
    await stage.touch();
    await stage.untilSecret(PUBLIC, (secret) => trusted(secret) === 1);
    assert.match(await stage.untilReason("Issued"), /^1 certificates are valid/);
  },
);

certificateScenario(
  "a Secret of somebody else is left alone, and does not hold up the others",
  async (stage) => {
    const { namespace } = stage;
    const stranger = {
      metadata: { namespace, name: PUBLIC },
      type: "Opaque",
      data: { "tls.crt": btoa("theirs") },
    };
    await stage.client.create(Secrets, stranger);
    await stage.apply(both);
    assert.match(await stage.untilReason("SecretTaken"), new RegExp(PUBLIC));
    await stage.untilSecret(internal("multipooler", stage), () => true);
    assert.equal(text((await stage.secrets()).get(PUBLIC), "tls.crt"), "theirs");
  },
);

certificateScenario(
  "certificates that are not wanted any more go, and the authority with the last",
  async (stage) => {
    await stage.apply(both);
    await stage.untilReason("Issued");
    await stage.apply({ certCommonName: "db.example.com" });
    await waitUntil("two Secrets", stage.secrets, (secrets) => secrets.size === 2);
    await stage.untilReason("Issued");
    await stage.apply({});
    await waitUntil("no Secret", stage.secrets, (secrets) => secrets.size === 0);
  },
);

certificateScenario("a name that is none for a certificate is told, with what to do", async (stage) => {
  await stage.apply({ certCommonName: "my database" });
  assert.match(await stage.untilReason("InvalidCommonName"), /"my database".*such as db\.example\.com/);
  assert.equal((await stage.secrets()).size, 0);
});

Deno.test("two operators that start at once make one authority, and all certificates are from it", (t) =>
  withNamespace(t, async ({ namespace }) => {
    using client = steadyClient(sharedCluster().connection);
    await installKinds(client);
    const clock = new TurnedClock();
    await using _first = startCertificateOperator(namespace, clock);
    await using _second = startCertificateOperator(namespace, clock);
    const names = ["a", "b", "c", "d", "e", "f"];
    await Promise.all(names.map((name) =>
      client.apply(MultigresClusters.resource, {
        metadata: { namespace, name },
        spec: structuredClone(clusterSpec(both)),
      })
    ));
    const secrets = () => client.listAll(Secrets, { namespace });
    const all = await waitUntil("all Secrets", secrets, (seen) => seen.length === names.length * 6);
    await delay(1_000);
    const byName = new Map(all.map((secret) => [secret.metadata.name, secret]));
    for (const name of names) {
      const authority = certificate(byName.get(`${name}-ca`), "ca.crt");
      const leaves = all.filter(({ metadata, type }) =>
        type === "kubernetes.io/tls" && metadata.ownerReferences?.[0]?.name === name
      );
      assert.equal(leaves.length, 5);
      for (const leaf of leaves) {
        assert.ok(certificate(leaf).verify(authority.publicKey), leaf.metadata.name);
        assert.equal(text(leaf, "ca.crt"), text(byName.get(`${name}-ca`), "ca.crt"));
      }
    }
    assert.deepEqual(
      await secrets().then((seen) => seen.map(({ data }) => data)),
      all.map(({ data }) => data),
    );
  }));
