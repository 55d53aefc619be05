/** `docs/upgrades.md` says of each change whether it restarts databases; here the code is asked. */
import assert from "node:assert/strict";
import type { ShardSpec } from "../../api/multigres/shard.ts";
import { PostgresClusters } from "../../api/smoketurner/postgres_cluster.ts";
import { askedHash } from "../../controllers/postgres_cluster/asked.ts";
import { askedOf } from "../../controllers/shard/asked.ts";
import { desiredPod } from "../../controllers/shard/desired_pod.ts";
import { specHash, userHash } from "../../controllers/shard/spec_hash.ts";
import type { ShardView } from "../../controllers/shard/view.ts";
import { firstPool, plainShard } from "../support/shard_view.ts";
import { repository } from "./files.ts";

const page = await Deno.readTextFile(`${repository}/docs/upgrades.md`);

/** Changes of one table and whether they restart, as the page has it. */
function told(heading: string): Map<string, string> {
  const section = page.split(`### ${heading}\n`)[1]?.split(/^#{2,3} /m)[0] ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("| ")).slice(2);
  return new Map(rows.map((row) => {
    const [, change = "", restarts = ""] = row.split("|").map((cell) => cell.trim());
    return [change, restarts];
  }));
}

function verdict(restarts: boolean): string {
  return restarts ? "yes" : "no";
}

const base: ShardSpec["pools"][string] = { cells: ["a"], replicasPerCell: 3 };
const pool = (fields: ShardSpec["pools"][string]): Partial<ShardSpec> => ({
  pools: { main: { ...base, ...fields } },
});
const images = { multiorch: "m:1", multipooler: "p:1", postgres: "d:1" };
const config = { text: "", restartHash: "restart", reloadHash: "reload" };
const s3 = (bucket: string): Partial<ShardSpec> => ({ backup: { type: "s3", s3: { bucket, region: "r" } } });

type Change = readonly [before: ShardView, after: ShardView];

const from = (after: Partial<ShardSpec>): Change => [plainShard(), plainShard(after)];
const configured = (changed: Partial<typeof config>): Change => [
  plainShard({}, { config }),
  plainShard({}, { config: { ...config, ...changed } }),
];

/** Changes of a shard, as their lines are called. */
const ofInstances: Readonly<Record<string, readonly Change[]>> = {
  "`images.postgres` or `images.multipooler`": [
    from({ images: { ...images, postgres: "d:2" } }),
    from({ images: { ...images, multipooler: "p:2" } }),
  ],
  "`images.multiorch`": [from({ images: { ...images, multiorch: "m:2" } })],
  "setting that PostgreSQL reads at its start": [configured({ restartHash: "other" })],
  "setting that PostgreSQL reloads": [configured({ reloadHash: "other", text: "work_mem = '1MB'\n" })],
  "memory or CPU of `postgres`": [from(pool({ postgres: { resources: { limits: { memory: "9Gi" } } } }))],
  "memory or CPU of `multipooler`": [from(pool({ multipooler: { resources: { limits: { cpu: "2" } } } }))],
  "size of `storage`": [from(pool({ storage: { size: "9Gi" } }))],
  "`replicasPerCell`": [from(pool({ replicasPerCell: 5 }))],
  "a cell or a pool more": [
    from({ pools: { main: { ...base, cells: ["a", "b"] } } }),
    from({ pools: { main: base, other: base } }),
  ],
  "`affinity` or `tolerations`": [
    from(pool({ tolerations: [{ key: "db", operator: "Exists" }] })),
    from(pool({ affinity: { podAntiAffinity: {} } })),
  ],
  "`logLevels.pgctld` or `logLevels.multipooler`": [
    from({ logLevels: { pgctld: "debug" } }),
    from({ logLevels: { multipooler: "debug" } }),
  ],
  "`observability`": [from({ observability: { otlpEndpoint: "http://o:4318" } })],
  "`postgresPasswordSecretRef`": [from({ postgresPasswordSecretRef: { name: "other", key: "password" } })],
  "`internalTLS.enabled`": [from({ internalTLS: { enabled: true } })],
  "kind of backup, or its credentials": [
    from(s3("b")),
    [
      plainShard(s3("b")),
      plainShard({ backup: { type: "s3", s3: { bucket: "b", region: "r", credentialsSecret: "s" } } }),
    ],
  ],
  "bucket or prefix of backups": [
    [plainShard(s3("b")), plainShard(s3("c"))],
    [
      plainShard(s3("b")),
      plainShard({ backup: { type: "s3", s3: { bucket: "b", region: "r", keyPrefix: "p" } } }),
    ],
  ],
  "`multiorch.replicas`": [from({ multiorch: { cells: ["a"], replicas: 3 } })],
};

/** Both hashes have to differ: what the operator would make, and what the user asked for (decision 14). */
function replaces([before, after]: Change): boolean {
  const hashes = (shard: ShardView) => {
    const view = firstPool(shard);
    const built = desiredPod(view, 0);
    assert.ok(built.ok && built.pod.spec !== undefined, JSON.stringify(built));
    return [specHash(built.pod.spec, shard.config?.restartHash), userHash(askedOf(view))] as const;
  };
  const [left, right] = [hashes(before), hashes(after)];
  return left[0] !== right[0] && left[1] !== right[1];
}

Deno.test("which changes of a MultigresCluster restart instances is as the page tells it", () => {
  const lines = told("MultigresCluster");
  for (const [change, cases] of Object.entries(ofInstances)) {
    for (const each of cases) assert.equal(verdict(replaces(each)), lines.get(change), change);
  }
  const unproved = [...lines.keys()].filter((change) => !(change in ofInstances));
  assert.deepEqual(unproved, ["certificate near its end, or of another authority"]);
});

const destination = { type: "S3", bucket: "b", region: "r", credentialsSecret: "s" };
const backup = { schedule: "0 2 * * *", destination, encryption: { keySecret: "k" } };

/** Specs before and after. */
const ofMembers: Readonly<Record<string, readonly [before: object, after: object]>> = {
  "`postgresqlParams`": [{}, { postgresqlParams: { work_mem: "8MB" } }],
  "`resources`": [{}, { resources: { limits: { cpu: "2", memory: "2Gi" } } }],
  "`storage.size`": [{}, { storage: { size: "9Gi" } }],
  "`labels`": [{}, { labels: { team: "shop" } }],
  "`replicas`": [{}, { replicas: 5 }],
  "`scaling`": [{}, { scaling: { maxReplicas: 9 } }],
  "`service` or `networkPolicy`": [{}, { service: { type: "NodePort" }, networkPolicy: { allowFrom: [{}] } }],
  "`pgbouncer`": [{}, { pgbouncer: { enabled: true } }],
  "`tls.enabled`": [{}, { tls: { enabled: false } }],
  "`tls.duration` or `tls.additionalDnsNames`": [{}, {
    tls: { duration: "9h", additionalDnsNames: ["a.b"] },
  }],
  "`backup`, given or taken away": [{}, { backup }],
  "`backup.retention` of WAL-G": [{ backup }, { backup: { ...backup, retention: { count: 3 } } }],
  "`metrics.enabled`": [{}, { metrics: { enabled: true } }],
  "`restore`": [{}, {
    restore: { source: { s3: { prefix: "s3://b/p", region: "r", credentialsSecret: "s" } } },
  }],
};

function asked(spec: object): string {
  const decoded = PostgresClusters.decode({
    apiVersion: "postgres-operator.smoketurner.com/v1alpha1",
    kind: "PostgresCluster",
    metadata: { name: "orders", namespace: "shop" },
    spec: { version: "16", storage: { size: "1Gi" }, ...spec },
  });
  assert.ok(decoded.ok, JSON.stringify(decoded));
  return askedHash(decoded.value);
}

Deno.test("which changes of a PostgresCluster restart members is as the page tells it", () => {
  const lines = told("PostgresCluster");
  for (const [change, [before, after]] of Object.entries(ofMembers)) {
    assert.equal(verdict(asked(before) !== asked(after)), lines.get(change), change);
  }
  assert.deepEqual([...lines.keys()].filter((change) => !(change in ofMembers)), ["`version`"]);
});
