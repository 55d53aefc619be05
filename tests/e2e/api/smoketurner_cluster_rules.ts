/** The rules of PostgresCluster, each with an object that passes and one that does not. */
import { type Changes, type Manifest, RuleCases } from "../../support/rule_cases.ts";

const quantities = ["limits.cpu", "limits.memory", "requests.cpu", "requests.memory"];

/** `production` is a valid cluster with all parts of a spec but `restore`. */
export function clusterRules(production: Manifest): RuleCases {
  const rules = new RuleCases(production);
  scalars(rules);
  required(rules);
  services(rules);
  backups(rules);
  engines(rules);
  restores(rules);
  names(rules);
  return rules;
}

function scalars(rules: RuleCases): void {
  rules
    .words("spec.version", ["15", "16", "17"], "15.4")
    .bounds("spec.replicas", 1, 100)
    .bounds("spec.backup.walArchiving.restoreTimeout", 0)
    .bounds("spec.backup.uploadConcurrency", 1, 64)
    .bounds("spec.backup.downloadConcurrency", 1, 64)
    .bounds("spec.backup.deltaMaxSteps", 1, 10)
    .bounds("spec.backup.retention.count", 1)
    .words("spec.backup.compression", ["lz4", "lzma", "brotli", "zstd", "none"], "gzip")
    .words("spec.backup.encryption.method", ["aes256", "pgp"], "rot13")
    .keyword("spec.backup.encryption.keySecret", "minLength", { accepted: "k", refused: "" })
    .words("spec.backup.destination.type", ["S3"], "GCS")
    .bounds("spec.pgbouncer.replicas", 1, 10)
    .bounds("spec.pgbouncer.maxDbConnections", 1, 10000)
    .bounds("spec.pgbouncer.defaultPoolSize", 1, 1000)
    .bounds("spec.pgbouncer.maxClientConn", 10, 100000)
    .words("spec.pgbouncer.poolMode", ["session", "transaction", "statement"], "query")
    .words("spec.tls.issuerRef.kind", ["Issuer", "ClusterIssuer"], "Certificate")
    .bounds("spec.scaling.minReplicas", 0)
    .bounds("spec.scaling.maxReplicas", 1)
    .bounds("spec.scaling.metrics.cpu.targetUtilization", 1, 100)
    .bounds("spec.scaling.metrics.connections.targetPerReplica", 1);
  for (
    const accepted of ["5", "1.5Gi", "500Mi", "10T", "1Ei", "100k", "1Ki", "1Pi", "1M", "1G", "1P", "1E"]
  ) {
    rules.keyword("spec.storage.size", "pattern", { accepted, refused: "10GB" });
  }
  for (const refused of ["", "-5Gi", " 5Gi", "big", "5gi", "Gi"]) {
    rules.keyword("spec.storage.size", "pattern", { accepted: "5Gi", refused });
  }
  for (const place of ["spec.resources", "spec.pgbouncer.resources"]) {
    for (const name of quantities) {
      rules.keyword(`${place}.${name}`, "pattern", { accepted: "1.5", refused: "much" });
    }
  }
}

function required(rules: RuleCases): void {
  rules.needs(
    "spec",
    "spec.version",
    "spec.storage",
    "spec.storage.size",
    "spec.backup.encryption.keySecret",
    "spec.tls.issuerRef.name",
  );
  const requirement = { key: "app", operator: "Exists" };
  for (const selector of ["namespaceSelector", "podSelector"]) {
    const path = `spec.networkPolicy.allowFrom[0].${selector}.matchExpressions`;
    rules.within({ [path]: [requirement] })
      .needs(`${path}[0].key`, `${path}[0].operator`)
      .words(`${path}[0].operator`, ["In", "NotIn", "Exists", "DoesNotExist"], "Like");
  }
}

function services(rules: RuleCases): void {
  const plain = rules.within({ "spec.service": {} });
  plain.words("spec.service.type", ["ClusterIP", "NodePort", "LoadBalancer"], "ExternalName");
  plain.within({ "spec.service.type": "NodePort" })
    .bounds("spec.service.nodePort", 30000, 32767)
    .words("spec.service.externalTrafficPolicy", ["Cluster", "Local"], "Zone");
  const only = (field: string, value: unknown, types: readonly string[], message: string) => {
    for (const type of types) {
      for (const other of ["ClusterIP", "NodePort", "LoadBalancer"].filter((name) => !types.includes(name))) {
        plain.within({ [`spec.service.${field}`]: value }).cel("spec.service", message, {
          accepted: { "spec.service.type": type },
          refused: { "spec.service.type": other },
        });
      }
    }
  };
  only(
    "nodePort",
    30001,
    ["NodePort"],
    "Cannot set service.nodePort unless service.type is NodePort: remove it or change the type",
  );
  only(
    "loadBalancerSourceRanges",
    ["10.0.0.0/8"],
    ["LoadBalancer"],
    "Cannot set service.loadBalancerSourceRanges unless service.type is LoadBalancer: remove it or change the type",
  );
  only(
    "externalTrafficPolicy",
    "Local",
    ["NodePort", "LoadBalancer"],
    "Cannot set service.externalTrafficPolicy unless service.type is NodePort or LoadBalancer: remove it or change " +
      "the type",
  );
}

const location = { bucket: "b", region: "r", credentialsSecret: "s", endpoint: "e", path: "p" };

function backups(rules: RuleCases): void {
  const destination = "spec.backup.destination";
  rules.cel(
    "spec.backup",
    "Cannot keep backups unencrypted: set backup.encryption.keySecret to a Secret with the key",
    { accepted: { "spec.backup": undefined }, refused: { "spec.backup.encryption": undefined } },
  );
  rules.cel(
    "spec.backup",
    "Cannot back up to a destination without a schedule: set backup.schedule to a cron expression",
    {
      accepted: { [destination]: undefined, "spec.backup.schedule": undefined },
      refused: { "spec.backup.schedule": undefined },
    },
  );
  rules.within({ [destination]: { S3: location } })
    .needs(`${destination}.S3.bucket`, `${destination}.S3.region`, `${destination}.S3.credentialsSecret`);
  const incomplete =
    "Cannot back up to an incomplete destination: set type, bucket, region and credentialsSecret, or put the " +
    "settings under S3";
  for (const key of ["type", "bucket", "region", "credentialsSecret"]) {
    const without = { type: "S3", ...location, [key]: undefined };
    rules.cel(destination, incomplete, {
      accepted: { [destination]: { type: "S3", ...location } },
      refused: { [destination]: without },
    });
  }
  const both = (changes: Changes) => ({ [destination]: { ...changes, S3: location } });
  for (const [key, value] of Object.entries(location)) {
    rules.cel(
      destination,
      `Cannot tell which ${key} is meant: the one beside S3 differs from the one under S3; keep one`,
      { accepted: both({ [key]: value }), refused: both({ [key]: "other" }) },
    );
  }
  rules.cel(
    destination,
    "Cannot tell whether forcePathStyle is meant: it is set beside S3 but not under S3; keep one",
    { accepted: both({ forcePathStyle: false }), refused: both({ forcePathStyle: true }) },
  );
}

/** What only WAL-G can do. */
function engines(rules: RuleCases): void {
  rules.words("spec.backup.engine", ["walg"], "barman");
  const backup = rules.within({
    "spec.backup.engine": "pgbackrest",
    "spec.backup.compression": "zstd",
    "spec.backup.encryption.method": "aes256",
    "spec.backup.backupFromReplica": false,
    "spec.backup.destination": { type: "S3", ...location, endpoint: undefined },
  });
  const limit = (message: string, accepted: Changes, refused: Changes) =>
    backup.cel("spec.backup", message, { accepted, refused });
  for (const accepted of ["lz4", "zstd", "none"]) {
    for (const refused of ["lzma", "brotli"]) {
      limit(
        "Cannot compress so with pgbackrest: use lz4, zstd or none",
        { "spec.backup.compression": accepted },
        { "spec.backup.compression": refused },
      );
    }
  }
  limit(
    "Cannot encrypt by PGP with pgbackrest: use method aes256",
    {},
    { "spec.backup.encryption.method": "pgp" },
  );
  limit(
    "Cannot read backups from a standby with pgbackrest: leave backupFromReplica false",
    {},
    { "spec.backup.backupFromReplica": true },
  );
  const flat = "spec.backup.destination.endpoint";
  limit(
    "Cannot reach an object store without TLS with pgbackrest: give an endpoint with https",
    { [flat]: "https://store.example" },
    { [flat]: "http://store.example" },
  );
  const nested = (endpoint: string) => ({ "spec.backup.destination": { S3: { ...location, endpoint } } });
  limit(
    "Cannot reach an object store without TLS with pgbackrest: give S3 an endpoint with https",
    nested("https://store.example"),
    nested("http://store.example"),
  );
}

function restores(rules: RuleCases): void {
  const path = "spec.restore.source.s3";
  const s3 = { prefix: "s3://b/p", region: "r", credentialsSecret: "s" };
  const restoring = rules.within({ "spec.restore": { source: { s3 } } });
  restoring
    .words("spec.restore.engine", ["walg", "pgbackrest"], "barman")
    .keyword("spec.restore.stanza", "pattern", { accepted: "orders-2", refused: "a/b" });
  restoring.needs("spec.restore.source", path, `${path}.prefix`, `${path}.region`);
  restoring.cel(
    path,
    "Cannot restore without credentials: set credentialsSecret to a Secret with the access keys",
    {
      accepted: { [`${path}.credentialsSecret`]: undefined, [`${path}.credentials_secret`]: "s" },
      refused: { [`${path}.credentialsSecret`]: undefined },
    },
  );
  restoring.cel(
    path,
    "Cannot tell which Secret is meant: credentialsSecret differs from credentials_secret; keep the first",
    { accepted: { [`${path}.credentials_secret`]: "s" }, refused: { [`${path}.credentials_secret`]: "t" } },
  );
  const target = "spec.restore.recoveryTarget";
  const several =
    "Cannot recover to several targets or to none: give one of time, backup and timeline, or leave " +
    "recoveryTarget out for the latest state";
  const targets = { time: "2026-01-01T00:00:00Z", backup: "base_1", timeline: 2 };
  for (const [key, value] of Object.entries(targets)) {
    restoring.cel(target, several, {
      accepted: { [target]: { [key]: value } },
      refused: { [target]: { ...targets, [key]: undefined } },
    });
  }
  restoring.cel(target, several, { accepted: { [target]: undefined }, refused: { [target]: {} } });
}

function names(rules: RuleCases): void {
  rules.cel(
    "",
    "Cannot create a cluster with a dot in its name as its Services could not be called after it: use a hyphen",
    { accepted: { "metadata.name": "a-b" }, refused: { "metadata.name": "a.b" } },
  );
  const long =
    "Cannot create a cluster with so long a name as the names of its Services and pods would not fit: " +
    "use at most 52 characters, 51 with a replica pooler";
  rules.cel("", long, {
    accepted: { "metadata.name": "a".repeat(51) },
    refused: { "metadata.name": "a".repeat(52) },
  });
  for (const without of ["spec.pgbouncer.enabled", "spec.pgbouncer.enableReplicaPooler"]) {
    rules.within({ [without]: false }).cel("", long, {
      accepted: { "metadata.name": "a".repeat(52) },
      refused: { "metadata.name": "a".repeat(53) },
    });
  }
  rules.within({ "spec.pgbouncer": undefined }).cel("", long, {
    accepted: { "metadata.name": "a".repeat(52) },
    refused: { "metadata.name": "a".repeat(53) },
  });
}
