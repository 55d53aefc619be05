import assert from "node:assert/strict";
import type { ShardSpec } from "../../api/multigres/shard.ts";
import { defaultResources } from "../../resolve/defaults.ts";
import { firstPool, plainShard } from "../../tests/support/shard_view.ts";
import { desiredPod } from "./desired_pod.ts";
import { adoptsOperatorChanges, driftOf, stampsFor } from "./drift.ts";
import type { ShardSettings, ShardView } from "./view.ts";

type Pool = ShardSpec["pools"][string];

function podOf(shard: ShardView, index = 0) {
  const built = desiredPod(firstPool(shard), index);
  assert.ok(built.ok);
  return built.pod;
}

function pool(fields: Partial<Pool>): Partial<ShardSpec> {
  return { pools: { main: { cells: ["a"], replicasPerCell: 3, ...fields } } };
}

function settings(restartHash: string, more: Partial<ShardSettings> = {}): Partial<ShardView> {
  return { config: { text: "", restartHash, reloadHash: "reload", ...more } };
}

/** The pod of a shard, as if an older operator had made it: with another flag, environment or image of its own. */
function olderPod(shard: ShardView) {
  const { metadata } = podOf(shard);
  const annotations = { ...metadata.annotations, "multigres.com/spec-hash": "0123456789abcdef" };
  return { metadata: { ...metadata, annotations } };
}

/** The same, made by an operator that knows no user-hash. */
function strangePod() {
  const annotations = { "multigres.com/spec-hash": "9b0fb73d", "multigres.com/project-ref": "c" };
  return { metadata: { annotations } };
}

/** Changes by the user that pods have to be replaced for. */
const wishes: Readonly<Record<string, Partial<ShardSpec>>> = {
  "memory of PostgreSQL": pool({ postgres: { resources: { limits: { memory: "2Gi" } } } }),
  "memory of the pooler": pool({ multipooler: { resources: { limits: { memory: "2Gi" } } } }),
  "user": pool({ postgres: { runAsUser: 1000 } }),
  "group of the volumes": pool({ fsGroup: 1000 }),
  "tolerations": pool({ tolerations: [{ operator: "Exists" }] }),
  "affinity": pool({ affinity: { podAntiAffinity: {} } }),
  "image": { images: { multiorch: "m:1", multipooler: "p:2", postgres: "d:1" } },
  "pull policy": {
    images: { multiorch: "m:1", multipooler: "p:1", postgres: "d:1", imagePullPolicy: "Always" },
  },
  "log level": { logLevels: { pgctld: "debug" } },
  "arguments of initdb": { initdbArgs: "--data-checksums" },
  "superuser": { postgresSuperuser: "admin" },
  "password": { postgresPasswordSecretRef: { name: "pw", key: "other" } },
  "nodes": { cellTopologyLabels: { a: { "topology.kubernetes.io/zone": "z" } } },
  "internal certificates": { internalTLS: { enabled: true } },
  "telemetry": { observability: { otlpEndpoint: "http://collector:4318" } },
  "object store": { backup: { type: "s3", s3: { bucket: "b", region: "r" } } },
  "encryption": {
    backup: { type: "filesystem", filesystem: {}, encryption: { secretName: "keys" } },
  },
  "topology server": {
    globalTopoServer: { address: "other:2379", implementation: "etcd", rootPath: "/multigres/global" },
  },
};

for (const [wish, spec] of Object.entries(wishes)) {
  Deno.test(`a pod is to be replaced after the user asked for another ${wish}`, () => {
    assert.equal(driftOf(podOf(plainShard()), podOf(plainShard(spec))), "user");
    assert.equal(driftOf(podOf(plainShard(spec)), podOf(plainShard(spec))), "none");
  });
}

/** Changes by the user that reach other objects, or the topology alone. */
const others: Readonly<Record<string, Partial<ShardSpec>>> = {
  "more instances": pool({ replicasPerCell: 5 }),
  "larger volumes": pool({ storage: { size: "20Gi" } }),
  "another fate of the claims": pool({ pvcDeletionPolicy: { whenDeleted: "Delete", whenScaled: "Retain" } }),
  "another pool": { pools: { main: { cells: ["a"], replicasPerCell: 3 }, more: { cells: ["a"] } } },
  "another orchestrator": { multiorch: { cells: ["a", "b"], replicas: 3 } },
  "another durability": { durabilityPolicy: "MULTI_CELL_AT_LEAST_2" },
  "what is the default anyway": {
    logLevels: { pgctld: "info", multipooler: "info" },
    postgresSuperuser: "postgres",
    initdbArgs: "",
  },
};

for (const [wish, spec] of Object.entries(others)) {
  Deno.test(`a pod stays when the user asks for ${wish}`, () => {
    assert.equal(driftOf(podOf(plainShard()), podOf(plainShard(spec))), "none");
    assert.equal(driftOf(olderPod(plainShard()), podOf(plainShard(spec))), "operator");
  });
}

Deno.test("what only the operator would make otherwise takes consent, or the user's next change", () => {
  const shard = plainShard();
  assert.equal(driftOf(olderPod(shard), podOf(shard)), "operator");
  assert.equal(driftOf(podOf(shard), podOf(plainShard({}, { telemetry: endpoint }))), "operator");
  const changed = plainShard(pool({ tolerations: [{ operator: "Exists" }] }));
  assert.equal(driftOf(olderPod(shard), podOf(changed)), "user");
});

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://operator:4318" };

Deno.test("another default of the operator is not the user's wish, the same value written down is none either", () => {
  const own = defaultResources.postgres();
  const defaulted = podOf(plainShard(pool({ postgres: { resources: own } })));
  const unset = podOf(plainShard());
  const key = "multigres.com/user-hash";
  assert.equal(defaulted.metadata.annotations?.[key], unset.metadata.annotations?.[key]);
  assert.equal(driftOf(unset, defaulted), "operator");
});

Deno.test("settings count as the user's as far as the user asked for them", () => {
  const before = podOf(plainShard({}, settings("1")));
  assert.equal(driftOf(before, podOf(plainShard({}, settings("2")))), "user");
  const asked = podOf(plainShard({}, settings("1", { askedHash: "a" })));
  assert.equal(driftOf(asked, podOf(plainShard({}, settings("2", { askedHash: "a" })))), "operator");
  assert.equal(driftOf(asked, podOf(plainShard({}, settings("2", { askedHash: "b" })))), "user");
  const reloaded = podOf(plainShard({}, settings("1", { reloadHash: "other" })));
  assert.equal(driftOf(before, reloaded), "none");
});

Deno.test("nothing is said of a pod that goes, or while the settings are not known", () => {
  const changed = plainShard(pool({ fsGroup: 1000 }));
  const live = podOf(plainShard());
  const going = { metadata: { ...live.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } };
  assert.equal(driftOf(going, podOf(changed)), "none");
  assert.deepEqual(stampsFor(going, podOf(changed)), {});
  const unknown = podOf(plainShard(pool({ fsGroup: 1000 }), { config: undefined }));
  assert.equal(driftOf(live, unknown), "none");
  assert.deepEqual(stampsFor(strangePod(), unknown), {});
});

Deno.test("a pod of another operator is adopted as it is, and replaced with the user's next change", () => {
  const desired = podOf(plainShard());
  const strange = strangePod();
  assert.equal(driftOf(strange, desired), "none");
  const stamps = stampsFor(strange, desired);
  assert.deepEqual(Object.keys(stamps), ["multigres.com/user-hash"]);
  const adopted = { metadata: { annotations: { ...strange.metadata.annotations, ...stamps } } };
  assert.equal(driftOf(adopted, desired), "operator");
  assert.deepEqual(stampsFor(adopted, desired), {});
  assert.equal(driftOf(adopted, podOf(plainShard(pool({ fsGroup: 1000 })))), "user");
});

/** The pod of a shard as another operator made it. */
function formerPod(shard: ShardView, registry = "") {
  const { spec } = podOf(shard);
  assert.ok(spec);
  const containers = spec.containers.map((each) => ({ ...each, image: `${registry}${each.image}` }));
  return { ...strangePod(), spec: { initContainers: spec.initContainers ?? [], containers } };
}

Deno.test("a change that neither operator carried out is not lost with the take-over", () => {
  const memory = plainShard(pool({ postgres: { resources: { limits: { memory: "2Gi" } } } }));
  const image = plainShard({ images: { multiorch: "m:1", multipooler: "r/p:2", postgres: "r/d:1" } });
  for (const changed of [memory, image]) {
    assert.equal(driftOf(formerPod(plainShard()), podOf(changed)), "user");
    assert.deepEqual(Object.keys(stampsFor(formerPod(plainShard()), podOf(changed))), []);
    assert.equal(driftOf(formerPod(changed), podOf(changed)), "none");
  }
});

Deno.test("a former pod stays for another registry, another spelling of an amount, another default, another layout", () => {
  const shard = plainShard(pool({ postgres: { resources: { limits: { memory: "2Gi", cpu: "1" } } } }));
  const mirrored = formerPod(shard, "mirror/copies/");
  assert.equal(driftOf(mirrored, podOf(shard)), "none");
  const respelt = plainShard(
    pool({ postgres: { resources: { limits: { memory: "2048Mi", cpu: "1000m" } } } }),
  );
  assert.equal(driftOf(formerPod(shard), podOf(respelt)), "none");
  assert.equal(driftOf(formerPod(shard), podOf(plainShard())), "none");
  const { containers } = formerPod(shard).spec;
  const elsewhere = { ...strangePod(), spec: { containers: containers.slice(1) } };
  assert.equal(driftOf(elsewhere, podOf(shard)), "none");
});

Deno.test("a pod that is as it should be is stamped with the latest wish and project", () => {
  const live = podOf(plainShard(pool({ postgres: { resources: {} } })));
  const desired = podOf(plainShard(pool({ postgres: { resources: {} } }), { project: "new" }));
  assert.deepEqual(stampsFor(live, live), {});
  assert.equal(stampsFor(live, desired)["multigres.com/project-ref"], "new");
  assert.equal(driftOf(live, desired), "none");
});

Deno.test("consent is the word true on the Shard", () => {
  const shard = (annotations?: Record<string, string>) => ({
    metadata: annotations === undefined ? {} : { annotations },
  });
  assert.equal(adoptsOperatorChanges(shard({ "multigres.com/adopt-operator-changes": "true" })), true);
  assert.equal(adoptsOperatorChanges(shard({ "multigres.com/adopt-operator-changes": "false" })), false);
  assert.equal(adoptsOperatorChanges(shard()), false);
});
