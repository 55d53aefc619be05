import assert from "node:assert/strict";
import { certificateIssuerAnnotation } from "../../../api/multigres/annotations.ts";
import { Certificates } from "../../../certs/cert_manager.ts";
import { Secrets } from "../../../kube/kinds.ts";
import { delay, waitUntil } from "../../ground/wait_for.ts";
import { installCertificates, issue } from "../../support/cert_manager.ts";
import { certificateScenario, type CertificateStage } from "../../support/certificate_operator.ts";

const PUBLIC = "db.example.com";
const SECRET = "orders-multigateway-tls";
const spec = { certCommonName: PUBLIC };
const byCertManager = { [certificateIssuerAnnotation]: "cert-manager" };

async function certificates({ client, namespace }: CertificateStage) {
  return await client.listAll(Certificates, { namespace });
}

/** With cert-manager's definitions there before the operator starts. */
function scenario(name: string, run: (stage: CertificateStage) => Promise<void>): void {
  certificateScenario(name, run, { before: installCertificates });
}

/** Has the public certificate issued by cert-manager. */
async function issued(stage: CertificateStage): Promise<void> {
  await stage.apply(spec, byCertManager);
  const [made] = await waitUntil("the Certificate", () => certificates(stage), ({ length }) => length === 1);
  assert.ok(made !== undefined);
  await issue(stage.client, made);
  await stage.untilReason("Issued");
}

scenario(
  "cert-manager is asked for what the Go operator asked for, and is waited for",
  async (stage) => {
    await stage.apply({ ...spec, internalTLS: { enabled: true } }, byCertManager);
    assert.match(
      await stage.untilReason("Issuing"),
      /db\.example\.com: cert-manager has not looked at it yet/,
    );
    const made = await certificates(stage);
    assert.equal(made.length, 5);
    const found = made.find(({ metadata }) => metadata.name === PUBLIC);
    const { secretTemplate, ...asked } = found?.spec ?? {};
    assert.equal(secretTemplate?.labels?.["app.kubernetes.io/component"], "certificates");
    assert.equal(secretTemplate?.labels?.["app.kubernetes.io/managed-by"], "multigres-operator");
    assert.deepEqual(asked, {
      secretName: SECRET,
      dnsNames: [PUBLIC, "example.com"],
      duration: "44640h0m0s",
      issuerRef: { group: "cert-manager.io", kind: "ClusterIssuer", name: "supabase-issuer" },
      literalSubject: `C=US, ST=Delware, L=New Castle,O=Supabase Inc, CN=${PUBLIC}`,
      privateKey: { algorithm: "RSA", size: 2048 },
      usages: ["digital signature", "key encipherment", "server auth"],
    });
    assert.equal(found?.metadata.ownerReferences?.[0]?.name, "orders");
    for (const certificate of made) await issue(stage.client, certificate);
    await stage.untilReason("Issued");
    assert.equal((await stage.secrets()).has("orders-ca"), false);
    const before = stage.operator.transport.seen.length;
    await stage.touch();
    await delay(1_000);
    assert.deepEqual(stage.operator.transport.seen.slice(before), []);
  },
);

scenario("an issuer can be named by the cluster, and nonsense is told", async (stage) => {
  await stage.apply(spec, { [certificateIssuerAnnotation]: "Issuer/own" });
  const issuer = async () => (await certificates(stage))[0]?.spec?.issuerRef;
  const seen = await waitUntil("the Certificate", issuer, (found) => found !== undefined);
  assert.deepEqual(seen, { group: "cert-manager.io", kind: "Issuer", name: "own" });
  await stage.apply(spec, { [certificateIssuerAnnotation]: "somebody" });
  await stage.touch();
  assert.match(await stage.untilReason("InvalidIssuer"), /"somebody": use operator, cert-manager/);
});

scenario("a cluster with Certificates goes on with them when nothing is said", async (stage) => {
  await issued(stage);
  await stage.apply(spec);
  await stage.touch();
  await stage.untilReason("Issued");
  assert.equal((await certificates(stage)).length, 1);
  assert.deepEqual([...(await stage.secrets()).keys()], [SECRET]);
});

scenario(
  "a cluster that changes to the operator gets rid of the Certificate and its Secret",
  async (stage) => {
    await issued(stage);
    await stage.apply(spec, { [certificateIssuerAnnotation]: "operator" });
    await waitUntil("no Certificate", () => certificates(stage), ({ length }) => length === 0);
    await stage.untilSecret(
      SECRET,
      ({ data }) => atob(data?.["tls.crt"] ?? "").startsWith("-----BEGIN CERTIFICATE"),
    );
    await stage.untilReason("Issued");
  },
);

scenario(
  "a Secret that was not issued for a Certificate stays when the Certificate goes",
  async (stage) => {
    await issued(stage);
    const { namespace, client } = stage;
    const annotations = { "cert-manager.io/certificate-name": "another" };
    await client.patch(Secrets, { namespace, name: SECRET }, { metadata: { annotations } });
    await stage.apply({}, byCertManager);
    await waitUntil("no Certificate", () => certificates(stage), ({ length }) => length === 0);
    assert.ok((await stage.secrets()).has(SECRET));
  },
);

scenario("a certificate that is not wanted any more goes with its Secret", async (stage) => {
  await issued(stage);
  await stage.apply({}, byCertManager);
  await waitUntil("no Certificate", () => certificates(stage), ({ length }) => length === 0);
  assert.equal((await stage.secrets()).size, 0);
});

certificateScenario(
  "without cert-manager a cluster that asks for it is told, and one that does not gets its certificates",
  async (stage) => {
    await stage.apply(spec, byCertManager);
    assert.match(await stage.untilReason("CertManagerMissing"), /install cert-manager, or set annotation/);
    await stage.apply(spec);
    await stage.touch();
    await stage.untilReason("Issued");
  },
  {
    prepare: (transport) => {
      const isTheirs = (path: string) => path.startsWith("/apis/cert-manager.io/");
      transport.onRequest = ({ path }) => isTheirs(path) ? { kind: "answer", status: 404 } : undefined;
      transport.onStream = ({ path }) => isTheirs(path) ? { status: 404, body: "{}" } : undefined;
    },
  },
);
