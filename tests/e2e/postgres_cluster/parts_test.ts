import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { Deployments, Secrets, Services } from "../../../kube/kinds.ts";
import { waitFor, waitUntil } from "../../ground/wait_for.ts";
import { conditionOf, name, scenario } from "./stage.ts";

scenario("members and poolers get certificates from the operator's own authority", async (stage) => {
  const { client, namespace } = stage;
  await stage.apply({ replicas: 2, tls: { enabled: true }, pgbouncer: { enabled: true } });
  const status = await stage.untilPhase("Running");
  assert.equal(status.tlsEnabled, true);
  await stage.untilCondition("CertificatesReady", "True/Issued");
  const secret = await client.get(Secrets, { namespace, name: `${name}-own-tls` });
  const text = (key: string) => atob(secret.data?.[key] ?? "");
  const leaf = new X509Certificate(text("tls.crt"));
  assert.ok(leaf.checkIssued(new X509Certificate(text("ca.crt"))));
  assert.ok(leaf.checkHost(`${name}-primary.${namespace}.svc`));
  assert.ok(leaf.subjectAltName?.includes(`DNS:*.${name}-headless.${namespace}.svc.cluster.local`));
  const volumes = (await stage.statefulSet()).spec?.template.spec?.volumes ?? [];
  assert.equal(volumes.find((each) => each.name === "tls-certs")?.secret?.secretName, `${name}-own-tls`);
  await waitFor(
    "the pooler's certificate",
    () => client.find(Secrets, { namespace, name: `${name}-pooler-own-tls` }),
  );
});

scenario(
  "TLS that is turned off restarts the members without it, and its Secrets go afterwards",
  async (stage) => {
    const { client, namespace } = stage;
    await stage.apply({ replicas: 1, tls: { enabled: true } });
    await stage.untilPhase("Running");
    const own = () => client.find(Secrets, { namespace, name: `${name}-own-tls` });
    assert.ok(await own());
    await stage.apply({ replicas: 1, tls: { enabled: false } });
    await waitUntil("the Secret to go", own, (seen) => seen === undefined);
    const status = await stage.untilPhase("Running");
    assert.equal(conditionOf(status, "CertificatesReady"), "undefined/undefined");
    const [pod] = await stage.members();
    assert.equal(pod?.spec?.volumes?.some((each) => each.name === "tls-certs"), false);
  },
);

scenario("without cert-manager a cluster that wants its certificates says so", async (stage) => {
  await stage.apply({ replicas: 1, tls: { enabled: true, issuerRef: { name: "ca" } } });
  const status = await stage.untilCondition("CertificatesReady", "False/CertManagerMissing");
  assert.match(
    status.conditions?.find(({ type }) => type === "CertificatesReady")?.message ?? "",
    /install cert-manager/,
  );
});

scenario("poolers come and go with the spec, and their Services do not mix", async (stage) => {
  const { client, namespace } = stage;
  await stage.apply({ replicas: 2, pgbouncer: { enabled: true, enableReplicaPooler: true, replicas: 1 } });
  await stage.untilPhase("Running");
  const status = await waitUntil("both poolers", stage.status, (seen) => seen?.pgbouncerReadyReplicas === 2);
  assert.equal(status?.connectionInfo?.poolerReplicas, `${name}-pooler-repl.${namespace}.svc:6432`);
  const service = await client.get(Services, { namespace, name: `${name}-pooler` });
  assert.equal(service.spec?.selector?.["postgres-operator.smoketurner.com/pooler-type"], "primary");
  await stage.apply({ replicas: 2, pgbouncer: { enabled: true, replicas: 1 } });
  const other = { namespace, name: `${name}-pooler-repl` };
  await waitUntil(
    "the second pooler to go",
    () => client.find(Deployments, other),
    (seen) => seen === undefined,
  );
  await waitUntil("its Service to go", () => client.find(Services, other), (seen) => seen === undefined);
  await stage.apply({ replicas: 2 });
  const first = { namespace, name: `${name}-pooler` };
  await waitUntil("the first to go", () => client.find(Deployments, first), (seen) => seen === undefined);
  await waitUntil("the status to say so", stage.status, (seen) => seen?.pgbouncerReadyReplicas === undefined);
  assert.equal((await stage.status())?.connectionInfo?.pooler, undefined);
});

const backup = {
  schedule: "0 1 * * *",
  destination: { type: "S3", bucket: "b", region: "r", credentialsSecret: "keys" },
  encryption: { keySecret: "key" },
};

scenario(
  "a cluster fails for a Secret that is missing, names it, and recovers when it is there",
  async (stage) => {
    const { client, namespace } = stage;
    await stage.apply({ replicas: 1, backup });
    const status = await stage.untilPhase("Failed");
    assert.equal(conditionOf(status, "Ready"), "False/BackupCredentialsNotFound");
    assert.match(status.lastError ?? "", /Secret keys of spec.backup.destination.credentialsSecret/);
    const stringData = { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" };
    await client.apply(Secrets, { metadata: { namespace, name: "keys" }, stringData });
    await client.apply(Secrets, {
      metadata: { namespace, name: "key" },
      stringData: { "encryption-key": "c" },
    });
    await stage.apply({ replicas: 1, backup, labels: { look: "again" } });
    const phases = new Set<string>();
    const running = await waitUntil("Running", stage.status, (seen) => {
      phases.add(seen?.phase ?? "");
      return seen?.phase === "Running";
    }, { intervalMs: 2 });
    assert.ok(phases.has("Recovering"), [...phases].join());
    assert.deepEqual(running?.backup, { enabled: true, destinationType: "S3" });
  },
);

scenario("passwords that the user brought are kept, and their Secret stays the user's", async (stage) => {
  const { client, namespace } = stage;
  const key = { namespace, name: `${name}-credentials` };
  await client.apply(Secrets, {
    metadata: key,
    stringData: { POSTGRES_PASSWORD: "mine", REPLICATION_PASSWORD: "also", PGPASSWORD: "mine" },
  });
  await stage.apply({ replicas: 1 });
  await stage.untilPhase("Running");
  const secret = await client.get(Secrets, key);
  assert.equal(atob(secret.data?.["POSTGRES_PASSWORD"] ?? ""), "mine");
  assert.equal(secret.metadata.ownerReferences, undefined);
  assert.equal(secret.metadata.labels?.["postgres-operator.smoketurner.com/cluster"], name);
});

scenario(
  "an object of a stranger under a child's name is left alone and named, until it goes",
  async (stage) => {
    const { client, namespace } = stage;
    const key = { namespace, name: `${name}-primary` };
    const stranger = await client.apply(Services, {
      metadata: key,
      spec: { ports: [{ port: 80 }], selector: { a: "b" } },
    });
    await stage.apply({ replicas: 1 });
    const status = await stage.untilCondition("Ready", "False/NameTaken");
    assert.equal(status.phase, "Failed");
    assert.match(status.lastError ?? "", new RegExp(`Service ${name}-primary`));
    assert.equal(
      (await client.get(Services, key)).metadata.resourceVersion,
      stranger.metadata.resourceVersion,
    );
    const { uid = "", resourceVersion = "" } = stranger.metadata;
    await client.delete(Services, key, { precondition: { uid, resourceVersion } });
    await stage.apply({ replicas: 1, labels: { look: "again" } });
    await stage.untilPhase("Running");
  },
);
