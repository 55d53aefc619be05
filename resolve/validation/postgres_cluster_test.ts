import assert from "node:assert/strict";
import { PostgresClusters } from "../../api/smoketurner/postgres_cluster.ts";
import { present } from "../present.ts";
import {
  type PostgresClusterReview,
  type PostgresClusterRule,
  reviewPostgresCluster,
} from "./postgres_cluster.ts";

type Fields = Readonly<Record<string, unknown>>;

const issuer = { issuerRef: { name: "ours" } };
const encryption = { keySecret: "key" };
const plainBackup = {
  schedule: "0 2 * * *",
  retention: { count: 7 },
  destination: { type: "S3", bucket: "b", region: "r", credentialsSecret: "s" },
};
const backup = { ...plainBackup, encryption };
const limits = { limits: { cpu: "1", memory: "1Gi" } };

function spec(fields: Fields = {}): PostgresClusterReview["spec"] {
  const decoded = PostgresClusters.decode({
    metadata: { name: "c" },
    spec: { version: "16", storage: { size: "1Gi" }, tls: issuer, ...present(fields) },
  });
  assert.ok(decoded.ok, JSON.stringify(decoded));
  return decoded.value.spec;
}

/** A cluster that production takes. */
const strict = (fields: Fields = {}) => spec({ replicas: 3, backup, resources: limits, ...fields });
const inProduction = { namespaceLabels: { env: "production" } };
const before = { version: "16", phase: "Running" } as const;
const upgrade = { name: "up", source: "c", phase: "Verifying" };

type Case = readonly [Partial<PostgresClusterReview>, Partial<PostgresClusterReview>];

/** By reason: what is refused, and what differs in little and passes. */
const cases: Readonly<Record<PostgresClusterRule, readonly Case[]>> = {
  BackupEncryptionRequired: [
    [{ spec: spec({ backup: plainBackup }) }, { spec: strict() }],
  ],
  StorageClassImmutable: [
    [
      {
        spec: spec({ storage: { size: "1Gi", storageClass: "b" } }),
        before: { ...before, storageClass: "a" },
      },
      {
        spec: spec({ storage: { size: "2Gi", storageClass: "a" } }),
        before: { ...before, storageClass: "a" },
      },
    ],
    [{ before: { ...before, storageClass: "a" } }, { before }],
    [{ spec: spec({ storage: { size: "1Gi", storageClass: "b" } }), before }, {
      spec: spec({ storage: { size: "1Gi", storageClass: "b" } }),
    }],
  ],
  VersionDowngradeNotAllowed: [
    [{ before: { ...before, version: "17" } }, { before: { ...before, version: "15" } }],
    [{ spec: spec({ version: "15" }), before: { ...before, version: "16.4" } }, {
      before: { ...before, version: "16.4" },
    }],
    [{ before: { version: "17", currentVersion: "17" } }, {
      before: { version: "17", currentVersion: "16" },
    }],
  ],
  VersionChangeNotAllowed: [
    [{ before: { version: "15", currentVersion: "15" } }, { before: { version: "15" } }],
    [{ before: { version: "17", currentVersion: "15" } }, {
      before: { version: "16", currentVersion: "15" },
    }],
  ],
  ProductionHARequired: [
    [{ spec: strict({ replicas: 2 }), ...inProduction }, { spec: strict(), ...inProduction }],
    [{ spec: strict({ replicas: 1 }), ...inProduction }, {
      spec: strict({ replicas: 1 }),
      namespaceLabels: { env: "test" },
    }],
    [{ spec: strict({ replicas: 1 }), ...inProduction }, { spec: strict({ replicas: 1 }) }],
  ],
  ProductionBackupRequired: [
    [{ spec: strict({ backup: undefined }), ...inProduction }, { spec: strict(), ...inProduction }],
  ],
  ProductionResourceLimitsRequired: [
    [{ spec: strict({ resources: { limits: { cpu: "1" } } }), ...inProduction }, {
      spec: strict(),
      ...inProduction,
    }],
    [{ spec: strict({ resources: { requests: { cpu: "1", memory: "1Gi" } } }), ...inProduction }, {
      spec: strict(),
      ...inProduction,
    }],
  ],
  ProductionExternalAccessNotAllowed: [
    [
      { spec: strict({ networkPolicy: { allowExternalAccess: true } }), ...inProduction },
      { spec: strict({ networkPolicy: { allowExternalAccess: true } }) },
    ],
  ],
  UpgradeInProgress: [
    [{ before, upgrades: [upgrade] }, { before, upgrades: [{ ...upgrade, phase: "Completed" }] }],
    [{ before, upgrades: [{ ...upgrade, phase: "Pending" }] }, {
      before,
      upgrades: [{ ...upgrade, source: "d" }],
    }],
    [{ before, upgrades: [upgrade] }, { before, upgrades: [{ ...upgrade, sourceNamespace: "elsewhere" }] }],
    [{ before, upgrades: [upgrade] }, { before }],
    [{ before, upgrades: [upgrade] }, { upgrades: [upgrade] }],
  ],
  ClusterSuperseded: [
    [{ before: { ...before, phase: "Superseded" } }, { before }],
  ],
};

function rules(given: Partial<PostgresClusterReview>): string[] {
  return reviewPostgresCluster({ name: "c", spec: spec(), ...given }).map((finding) => finding.rule);
}

for (const [rule, list] of Object.entries(cases)) {
  Deno.test(`${rule} speaks up where it must, and is silent otherwise`, () => {
    for (const [refused, accepted] of list) {
      assert.deepEqual(rules(refused), [rule]);
      assert.deepEqual(rules(accepted), []);
    }
  });
}

Deno.test("replicas, size, and a version two steps up may change", () => {
  const wanted = spec({ version: "17", replicas: 5, storage: { size: "9Gi" } });
  assert.deepEqual(rules({ spec: wanted, before: { ...before, version: "15" } }), []);
});

Deno.test("several faults are told in a fixed order", () => {
  const worst = spec({ tls: {}, networkPolicy: { allowExternalAccess: true } });
  assert.deepEqual(
    rules({
      spec: worst,
      before: { version: "17", storageClass: "a", phase: "Superseded" },
      upgrades: [upgrade],
      ...inProduction,
    }),
    [
      "StorageClassImmutable",
      "VersionDowngradeNotAllowed",
      "ProductionHARequired",
      "ProductionBackupRequired",
      "ProductionResourceLimitsRequired",
      "ProductionExternalAccessNotAllowed",
      "UpgradeInProgress",
      "ClusterSuperseded",
    ],
  );
});

Deno.test("who took a cluster's place is told as far as it is known", () => {
  const says = (successor: NonNullable<PostgresClusterReview["before"]>["successor"]) =>
    reviewPostgresCluster({
      name: "c",
      spec: spec(),
      before: { phase: "Superseded", ...(successor === undefined ? {} : { successor }) },
    })[0]?.message ?? "";
  assert.match(says(undefined), /another cluster took its place:/);
  assert.match(
    says({ name: "c2", namespace: "n", upgradeName: "up" }),
    /PostgresCluster c2 of namespace n took its place through PostgresUpgrade up/,
  );
});
