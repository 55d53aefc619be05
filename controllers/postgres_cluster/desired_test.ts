import assert from "node:assert/strict";
import fc from "fast-check";
import { askedHash } from "./asked.ts";
import { storedCluster } from "../../tests/support/postgres_clusters.ts";
import { daysOf } from "./backup_environment.ts";
import {
  connectionString,
  desiredCredentials,
  makePassword,
  PASSWORD_LENGTH,
} from "./desired_credentials.ts";
import { certificateSet, desiredCertificates } from "./desired_certificates.ts";
import { desiredNetworkPolicy } from "./desired_network_policy.ts";
import { connectionsOfPod, desiredPoolerDeployment, isPrecise } from "./desired_pooler.ts";
import { desiredPoolerService, desiredPrimaryService } from "./desired_services.ts";
import { desiredStatefulSet } from "./desired_stateful_set.ts";
import { withZone } from "./moment.ts";
import { restoreFaults } from "./restore.ts";

const destination = {
  type: "S3",
  bucket: "backups",
  region: "eu-west-1",
  credentialsSecret: "keys",
  endpoint: "http://minio:9000",
};
const backup = { schedule: "0 1 * * *", destination, encryption: { keySecret: "key" } };

function environment(spec: object): Map<string, string> {
  const set = desiredStatefulSet(storedCluster(spec), { existing: undefined, replicas: 1 });
  const env = set.spec?.template.spec?.containers[0]?.env ?? [];
  return new Map(env.map(({ name, value, valueFrom }) => {
    const secret = valueFrom?.secretKeyRef;
    return [name, value ?? (secret === undefined ? "" : `${secret.name}/${secret.key}`)];
  }));
}

Deno.test("a member that takes backups knows where they go, with whose keys, and how they are encrypted", () => {
  const env = environment({ backup: { ...backup, retention: { count: 7, maxAge: "4w" } } });
  assert.equal(env.get("WALG_S3_PREFIX"), "s3://backups/fx-patroni/orders");
  assert.equal(env.get("AWS_ACCESS_KEY_ID"), "keys/AWS_ACCESS_KEY_ID");
  assert.equal(env.get("WALG_LIBSODIUM_KEY"), "key/encryption-key");
  assert.equal(env.get("BACKUP_NUM_TO_RETAIN"), "7");
  assert.equal(env.get("WALG_BACKUP_RETENTION_DAYS"), "28");
  assert.equal(env.get("WALE_S3_ENDPOINT"), "http+path://minio:9000");
  assert.equal(env.has("WALG_DELTA_MAX_STEPS"), false);
  assert.equal(environment({}).has("USE_WALG_BACKUP"), false);
});

Deno.test("ages of backups are days, weeks, and months of 30 days", () => {
  assert.deepEqual(["1d", "2W", "3m", "x", "5", undefined].map(daysOf), [
    1,
    14,
    90,
    undefined,
    undefined,
    undefined,
  ]);
});

Deno.test("archiving that is turned off turns the server's archive_mode off, unless the user sets it", () => {
  const off = { backup: { ...backup, walArchiving: { enabled: false } } };
  assert.match(environment(off).get("SPILO_CONFIGURATION") ?? "", /archive_mode: "off"/);
  const kept = environment({ ...off, postgresqlParams: { archive_mode: "always" } });
  assert.match(kept.get("SPILO_CONFIGURATION") ?? "", /archive_mode: "always"/);
});

Deno.test("a restore uses the one method that Spilo knows, up to the target that is named", () => {
  const source = { s3: { prefix: "s3://b/p", region: "r", credentialsSecret: "keys" } };
  const at = (recoveryTarget: object) => environment({ restore: { source, recoveryTarget } });
  const time = at({ time: "2026-01-31T12:00:00" });
  assert.equal(time.get("CLONE_METHOD"), "CLONE_WITH_WALE");
  assert.equal(time.get("CLONE_WALG_S3_PREFIX"), "s3://b/p");
  assert.equal(time.get("CLONE_TARGET_TIME"), "2026-01-31T12:00:00Z");
  const named = at({ backup: "base_000000010000000000000004" });
  assert.match(
    named.get("SPILO_CONFIGURATION") ?? "",
    /backup-fetch .*\/pgdata base_000000010000000000000004/,
  );
  assert.match(named.get("SPILO_CONFIGURATION") ?? "", /recovery_target: "immediate"/);
  assert.match(at({ timeline: 3 }).get("SPILO_CONFIGURATION") ?? "", /recovery_target_timeline: "3"/);
  assert.equal(environment({}).has("CLONE_METHOD"), false);
});

Deno.test("times of recovery get the zone that they lack", () => {
  assert.equal(withZone("2026-01-31"), "2026-01-31T00:00:00Z");
  assert.equal(withZone("2026-01-31T12:00:00+02:00"), "2026-01-31T12:00:00+02:00");
  assert.equal(withZone("2026-01-31 12:00:00"), "2026-01-31 12:00:00Z");
});

Deno.test("what cannot be a target of recovery is named", () => {
  assert.deepEqual(restoreFaults({ backup: "base_1" }), []);
  assert.match(restoreFaults({ backup: "x; rm -rf /" })[0] ?? "", /recoveryTarget.backup/);
  assert.match(restoreFaults({ time: "yesterday" })[0] ?? "", /recoveryTarget.time/);
});

Deno.test("a restore or other resources ask for no restart; settings, versions and certificates do", () => {
  const hash = (spec: object) =>
    desiredStatefulSet(storedCluster(spec), { existing: undefined, replicas: 1 }).spec?.template.metadata
      ?.annotations;
  const source = { s3: { prefix: "s3://b/p", region: "r", credentialsSecret: "keys" } };
  assert.deepEqual(hash({ restore: { source } }), hash({}));
  assert.deepEqual(hash({ resources: { limits: { cpu: "2" } } }), hash({}));
  assert.deepEqual(hash({ labels: { a: "b" }, replicas: 3 }), hash({}));
  for (
    const change of [{ postgresqlParams: { work_mem: "1MB" } }, { version: "17" }, { tls: {} }, { backup }]
  ) {
    assert.notDeepEqual(hash(change), hash({}), JSON.stringify(change));
  }
});

const pooled = { pgbouncer: { enabled: true, enableReplicaPooler: true } };

Deno.test("neither pooler's Service selects the other's pods, however old the Deployments are", () => {
  const cluster = storedCluster(pooled);
  const podsOf = (target: "primary" | "replicas") =>
    desiredPoolerDeployment(cluster, target, undefined).spec?.template.metadata?.labels ?? {};
  const selects = (target: "primary" | "replicas", labels: Readonly<Record<string, string>>) =>
    Object.entries(desiredPoolerService(cluster, target, true).spec?.selector ?? {})
      .every(([key, value]) => labels[key] === value);
  assert.equal(selects("primary", podsOf("primary")), true);
  assert.equal(selects("primary", podsOf("replicas")), false);
  assert.equal(selects("replicas", podsOf("primary")), false);
});

Deno.test("a Service becomes precise once every pod of an older Deployment bears the label for it", () => {
  const template = desiredPoolerDeployment(storedCluster(pooled), "primary", undefined).spec?.template;
  assert.ok(template !== undefined);
  const standing = (status: object) => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "orders-pooler", generation: 2 },
    spec: { selector: {}, template },
    status,
  });
  assert.equal(isPrecise(undefined), false);
  assert.equal(isPrecise(standing({ observedGeneration: 1, replicas: 2, updatedReplicas: 2 })), false);
  assert.equal(isPrecise(standing({ observedGeneration: 2, replicas: 3, updatedReplicas: 2 })), false);
  assert.equal(isPrecise(standing({ observedGeneration: 2, replicas: 2, updatedReplicas: 2 })), true);
});

Deno.test("a pooler's pod never gets 0 connections, which would mean without limit", () => {
  const settings =
    storedCluster({ pgbouncer: { enabled: true, replicas: 10, maxDbConnections: 3 } }).spec.pgbouncer;
  assert.ok(settings !== undefined);
  assert.equal(connectionsOfPod(settings), 1);
});

Deno.test("certificates by cert-manager are those that the issuer is asked for, by its own names of usages", () => {
  const tls = {
    enabled: true,
    issuerRef: { name: "ca", kind: "Issuer" },
    additionalDnsNames: ["db.example"],
  };
  const [members, ...others] = desiredCertificates(storedCluster({ ...pooled, tls }));
  assert.equal(members?.metadata.name, "orders-tls");
  assert.equal(members.spec?.dnsNames?.length, 14);
  assert.deepEqual(members.spec.usages, [
    "server auth",
    "client auth",
    "digital signature",
    "key encipherment",
  ]);
  assert.deepEqual(others.map(({ metadata }) => metadata.name), [
    "orders-pooler-tls",
    "orders-pooler-repl-tls",
  ]);
  const set = certificateSet(storedCluster({ ...pooled, tls: {} }));
  assert.deepEqual(set.leaves.map(({ secretName }) => secretName), [
    "orders-own-tls",
    "orders-pooler-own-tls",
    "orders-pooler-repl-own-tls",
  ]);
});

Deno.test("the policy opens poolers to clients, members to each other, and the way to a store on another port", () => {
  const { spec } = desiredNetworkPolicy(storedCluster({ ...pooled, backup }), ["op"]);
  const numbers = (rule: { ports?: { port?: unknown }[] } | undefined) =>
    rule?.ports?.map(({ port }) => port);
  assert.deepEqual(numbers(spec?.ingress?.[0]), [5432, 6432]);
  assert.deepEqual(numbers(spec?.egress?.[0]), [5432, 8008]);
  assert.deepEqual(numbers(spec?.egress?.[2]), [443, 6443, 9000]);
  const open = storedCluster({
    networkPolicy: { allowExternalAccess: true, allowFrom: [{ podSelector: {} }] },
  });
  assert.equal(desiredNetworkPolicy(open, []).spec?.ingress?.length, 4);
});

Deno.test("a node port, source ranges and traffic policies stand only where their type of Service allows them", () => {
  const of = (service: object) => desiredPrimaryService(storedCluster({ service })).spec ?? {};
  assert.equal(of({ type: "NodePort", nodePort: 30100 }).ports?.[0]?.nodePort, 30100);
  const plain = of({ type: "ClusterIP", loadBalancerSourceRanges: ["10.0.0.0/8"] });
  assert.equal("loadBalancerSourceRanges" in plain, false);
  const balanced = of({
    type: "LoadBalancer",
    externalTrafficPolicy: "Local",
    loadBalancerSourceRanges: ["10.0.0.0/8"],
  });
  assert.equal(balanced.externalTrafficPolicy, "Local");
  assert.deepEqual(balanced.loadBalancerSourceRanges, ["10.0.0.0/8"]);
});

Deno.test("passwords are letters and digits, each as likely as any other, and stand encoded in addresses", () => {
  const password = makePassword((bytes) => crypto.getRandomValues(new Uint8Array(bytes)));
  assert.match(password, /^[A-Za-z0-9]+$/);
  assert.equal(password.length, PASSWORD_LENGTH);
  const all = makePassword((bytes) =>
    Uint8Array.from({ length: bytes }, (_, at) => 248 + at % 8).map((byte, at) => at % 2 === 0 ? byte : at)
  );
  assert.equal(all.length, PASSWORD_LENGTH, "bytes that would favour some letters are passed over");
  const secret = desiredCredentials(storedCluster(), { superuser: "p@ss/word", replication: "r" });
  assert.equal(secret.stringData?.["PGPASSWORD"], "p@ss/word");
  assert.match(
    connectionString(storedCluster(), "p@ss/word"),
    /postgres:p%40ss%2Fword@orders-primary\.fx-patroni\.svc:5432/,
  );
});

Deno.test("a NetworkPolicy opens every port that members, poolers and backups need", () => {
  const endpoint = "https://minio.shop:9000";
  const cluster = storedCluster({
    pgbouncer: { enabled: true },
    backup: { ...backup, destination: { ...destination, endpoint } },
  });
  const { ingress = [], egress = [] } = desiredNetworkPolicy(cluster, ["operators"]).spec ?? {};
  const portsOf = (rules: typeof ingress | typeof egress) =>
    rules.flatMap(({ ports = [] }) => ports.map(({ port, protocol }) => `${protocol} ${port}`));
  const [into, out] = [portsOf(ingress), portsOf(egress)];
  for (const port of ["TCP 5432", "TCP 6432", "TCP 8008"]) assert.ok(into.includes(port), port);
  for (const port of ["TCP 8008", "UDP 53", "TCP 53", "TCP 443", "TCP 6443", "TCP 9000"]) {
    assert.ok(out.includes(port), port);
  }
});

Deno.test("an exporter stands beside PostgreSQL where it is wanted, and its port is open to whoever collects", () => {
  const without = storedCluster();
  const wanted = storedCluster({ metrics: { enabled: true, port: 9200 } });
  const pod = desiredStatefulSet(wanted, { existing: undefined, replicas: 1 }).spec?.template.spec;
  const [, exporter] = pod?.containers ?? [];
  assert.deepEqual(exporter?.ports, [{ name: "metrics", containerPort: 9200, protocol: "TCP" }]);
  assert.equal(
    exporter?.env?.find(({ name }) => name === "DATA_SOURCE_PASS")?.valueFrom?.secretKeyRef?.name,
    "orders-credentials",
  );
  assert.equal(
    desiredStatefulSet(without, { existing: undefined, replicas: 1 }).spec?.template.spec?.containers.length,
    1,
  );
  const open = desiredNetworkPolicy(wanted, []).spec?.ingress?.flatMap(({ ports }) => ports ?? []);
  assert.ok(open?.some(({ port }) => port === 9200));
  assert.notEqual(askedHash(wanted), askedHash(without), "it takes a restart");
  assert.equal(askedHash(storedCluster({ metrics: { enabled: false } })), askedHash(without));
});

Deno.test("building is pure, for any spec", () => {
  const specs = fc.record({
    replicas: fc.integer({ min: 1, max: 100 }),
    postgresqlParams: fc.dictionary(fc.stringMatching(/^[a-z_]{1,10}$/), fc.string()),
    labels: fc.dictionary(fc.stringMatching(/^[a-z]{1,10}$/), fc.stringMatching(/^[a-z]{1,10}$/)),
  });
  fc.assert(fc.property(specs, (spec) => {
    const cluster = storedCluster(spec);
    const before = JSON.stringify(cluster);
    const first = desiredStatefulSet(cluster, { existing: undefined, replicas: spec.replicas });
    const again = desiredStatefulSet(cluster, { existing: undefined, replicas: spec.replicas });
    assert.deepEqual(first, again);
    assert.equal(JSON.stringify(cluster), before);
    const selector = first.spec?.selector.matchLabels ?? {};
    const labels = first.spec?.template.metadata?.labels ?? {};
    assert.ok(Object.entries(selector).every(([key, value]) => labels[key] === value));
  }));
});
