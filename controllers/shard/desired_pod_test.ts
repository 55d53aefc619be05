import assert from "node:assert/strict";
import { maxNameLength } from "../../api/multigres/identifiers.ts";
import type { ShardSpec } from "../../api/multigres/shard.ts";
import type { PodSpec } from "../components/pod_parts.ts";
import { firstPool, plainShard, shardViewOf, storedShard } from "../../tests/support/shard_view.ts";
import { desiredPod } from "./desired_pod.ts";
import type { ShardView } from "./view.ts";

function specOf(shard: ShardView): PodSpec {
  const built = desiredPod(firstPool(shard), 0);
  assert.ok(built.ok, JSON.stringify(built));
  assert.ok(built.pod.spec !== undefined);
  return built.pod.spec;
}

function problemsOf(spec: Partial<ShardSpec>): string[] {
  const built = desiredPod(firstPool(plainShard(spec)), 0);
  return built.ok ? [] : built.problems.map(({ path, message }) => `${path}: ${message}`);
}

function containerOf(spec: PodSpec, name: string) {
  const found = [...spec.initContainers ?? [], ...spec.containers].find((each) => each.name === name);
  assert.ok(found !== undefined);
  return found;
}

function volumeOf(spec: PodSpec, name: string) {
  return spec.volumes?.find((volume) => volume.name === name);
}

function envOf(spec: PodSpec, name: string) {
  return containerOf(spec, name).env?.map((
    variable,
  ) => [variable.name, variable.value ?? variable.valueFrom]);
}

function ids(spec: PodSpec) {
  const of = (name: string) => {
    const { runAsUser, runAsGroup } = containerOf(spec, name).securityContext ?? {};
    return [runAsUser, runAsGroup];
  };
  return [of("postgres"), of("multipooler"), of("postgres-exporter"), spec.securityContext?.fsGroup];
}

function pool(fields: ShardSpec["pools"][string]): Partial<ShardSpec> {
  return { pools: { main: { cells: ["a"], ...fields } } };
}

type S3 = NonNullable<NonNullable<ShardSpec["backup"]>["s3"]>;

function s3(fields: Partial<S3>): Partial<ShardSpec> {
  return { backup: { type: "s3", s3: { bucket: "b", region: "eu-1", ...fields } } };
}

function filesystem(path: string): Partial<ShardSpec> {
  return { backup: { type: "filesystem", filesystem: { path } } };
}

Deno.test("PostgreSQL outlives the pooler, and each program is called by its name first", () => {
  const spec = specOf(plainShard());
  assert.equal(spec.initContainers?.[0]?.restartPolicy, "Always");
  assert.deepEqual(spec.containers.map(({ name, restartPolicy }) => [name, restartPolicy]), [
    ["multipooler", undefined],
    ["postgres-exporter", undefined],
  ]);
  assert.equal(containerOf(spec, "postgres").args?.[0], "server");
  assert.equal(containerOf(spec, "multipooler").args?.[0], "multipooler");
});

Deno.test("what is mounted is there, what is there is mounted, and no folder is mounted twice", () => {
  const everything: Partial<ShardSpec> = {
    internalTLS: { enabled: true },
    observability: { otlpEndpoint: "http://o:4318", samplingConfigRef: { name: "rules", key: "s.yaml" } },
    globalTopoServer: {
      address: "topo:2379",
      implementation: "etcd",
      rootPath: "/r",
      caSecret: "ca",
      clientCertSecret: "client",
    },
    backup: { type: "filesystem", filesystem: {}, encryption: { secretName: "keys" } },
  };
  for (const shard of [plainShard(), plainShard(everything), plainShard(s3({}))]) {
    const spec = specOf(shard);
    const all = [...spec.initContainers ?? [], ...spec.containers];
    const mounted = all.flatMap(({ volumeMounts }) => volumeMounts ?? []);
    assert.deepEqual(
      new Set(mounted.map(({ name }) => name)),
      new Set(spec.volumes?.map(({ name }) => name)),
    );
    for (const { volumeMounts = [] } of all) {
      assert.equal(new Set(volumeMounts.map(({ mountPath }) => mountPath)).size, volumeMounts.length);
    }
  }
  assert.equal(specOf(plainShard(everything)).volumes?.length, 12);
});

Deno.test("pull settings reach all containers, and Secrets of the registry the pod", () => {
  const images = { multiorch: "m", multipooler: "p", postgres: "d" };
  const spec = specOf(
    plainShard({ images: { ...images, imagePullPolicy: "Always", imagePullSecrets: [{ name: "reg" }] } }),
  );
  assert.deepEqual(spec.imagePullSecrets, [{ name: "reg" }]);
  for (const name of ["postgres", "multipooler", "postgres-exporter"]) {
    assert.equal(containerOf(spec, name).imagePullPolicy, "Always");
  }
});

Deno.test("the containers share a user, and volumes belong to its group, unless the user says otherwise", () => {
  const exporter = [999, 999];
  const of = (fields: ShardSpec["pools"][string]) => ids(specOf(plainShard(pool(fields))));
  assert.deepEqual(of({}), [[999, 999], [999, 999], exporter, 999]);
  assert.deepEqual(of({ postgres: { runAsUser: 70, runAsGroup: 71 } }), [[70, 71], [70, 71], exporter, 71]);
  assert.deepEqual(of({ postgres: { runAsUser: 70 } }), [[70, undefined], [70, undefined], exporter, 70]);
  assert.deepEqual(of({ fsGroup: 5, postgres: { runAsUser: 70 }, multipooler: { runAsUser: 70 } }), [
    [70, undefined],
    [70, undefined],
    exporter,
    5,
  ]);
  assert.equal(specOf(plainShard()).securityContext?.fsGroupChangePolicy, "OnRootMismatch");
});

Deno.test("a pooler with a user of its own is refused with field, value and remedy", () => {
  assert.deepEqual(problemsOf(pool({ multipooler: { runAsUser: 1000 } })), [
    "spec.pools.main.multipooler.runAsUser: Cannot run the pooler of pool main as user 1000 as PostgreSQL runs as user " +
    "999, and both use the data folder: set spec.pools.main.postgres.runAsUser to 1000 too, or remove the pooler's",
  ]);
  assert.deepEqual(problemsOf(pool({ multipooler: { runAsUser: 7 }, postgres: { runAsUser: 7 } })), []);
});

Deno.test("an object store is told by region, and by one of two ways to be known there", () => {
  const keyed = specOf(plainShard(s3({ credentialsSecret: "aws", serviceAccountName: "" })));
  const secret = (key: string) => [key, { secretKeyRef: { name: "aws", key } }];
  for (const name of ["postgres", "multipooler"]) {
    assert.deepEqual(envOf(keyed, name)?.filter(([variable]) => String(variable).startsWith("AWS_")), [
      ["AWS_REGION", "eu-1"],
      secret("AWS_ACCESS_KEY_ID"),
      secret("AWS_SECRET_ACCESS_KEY"),
    ]);
  }
  assert.equal(keyed.serviceAccountName, undefined);
  assert.deepEqual(volumeOf(keyed, "backup-data"), { name: "backup-data", emptyDir: {} });
  assert.equal(specOf(plainShard(s3({ serviceAccountName: "backup" }))).serviceAccountName, "backup");
});

Deno.test("a service account of an object store that is not used is left alone", () => {
  const backup = {
    ...s3({ serviceAccountName: "backup" }).backup,
    type: "filesystem",
    filesystem: {},
  } as const;
  const spec = specOf(plainShard({ backup }));
  assert.equal(spec.serviceAccountName, undefined);
  assert.ok(!envOf(spec, "postgres")?.some(([name]) => name === "AWS_REGION"));
});

Deno.test("pgBackRest's certificates come from the operator's Secrets or from the user's", () => {
  const items = {
    ca: [{ key: "ca.crt", path: "ca.crt" }],
    pair: [{ key: "tls.crt", path: "pgbackrest.crt" }, { key: "tls.key", path: "pgbackrest.key" }],
  };
  const sources = (backup: ShardSpec["backup"]) =>
    volumeOf(specOf(plainShard(backup === undefined ? {} : { backup })), "pgbackrest-certs")?.projected;
  assert.deepEqual(sources(undefined), {
    defaultMode: 0o440,
    sources: [
      { secret: { name: "c-shard-pgbackrest-ca", items: items.ca } },
      { secret: { name: "c-shard-pgbackrest-tls", items: items.pair } },
    ],
  });
  assert.deepEqual(
    sources({ type: "filesystem", filesystem: {}, pgbackrestTLS: { secretName: "own" } })?.sources,
    [{ secret: { name: "own", items: [...items.ca, ...items.pair] } }],
  );
});

Deno.test("an encrypted repository has its keys mounted where the pooler looks for them", () => {
  const spec = specOf(
    plainShard({ backup: { type: "filesystem", filesystem: {}, encryption: { secretName: "keys" } } }),
  );
  const flag = "--pgbackrest-cipher-key-file=/secrets/pgbackrest-cipher/keys.json";
  assert.ok(containerOf(spec, "multipooler").args?.includes(flag));
  assert.equal(volumeOf(spec, "pgbackrest-cipher")?.secret?.secretName, "keys");
});

Deno.test("the repository is mounted where the topology says that it is", () => {
  const mountOf = (path: string) =>
    containerOf(specOf(plainShard(filesystem(path))), "postgres").volumeMounts
      ?.find(({ name }) => name === "backup-data")?.mountPath;
  assert.equal(mountOf("/backups"), "/backups");
  assert.equal(mountOf("/backups/shop"), "/backups");
  assert.equal(mountOf("/backups2/"), "/backups2");
  assert.equal(mountOf("/srv/repository"), "/srv/repository");
});

for (
  const path of ["backups", "/", "/var", "/var/lib/pooler/backups", "/etc", "/a/../etc", "/a:b", "/certs"]
) {
  Deno.test(`a repository at ${path} is refused`, () => {
    const [problem] = problemsOf(filesystem(path));
    assert.match(
      problem ?? "",
      /^spec\.backup\.filesystem\.path: Cannot mount .* use \/backups or another absolute/,
    );
  });
}

Deno.test("internal certificates are those of the poolers' identity", () => {
  const spec = specOf(plainShard({ internalTLS: { enabled: true } }));
  assert.equal(volumeOf(spec, "tls-certs")?.secret?.secretName, "multipooler.c.ns.multigres.internal");
  assert.ok(containerOf(spec, "multipooler").args?.includes("--grpc-server-ca"));
  assert.ok(!containerOf(spec, "postgres").args?.includes("--grpc-server-ca"));
});

Deno.test("the longest names that users can choose still fit names of pods and labels", () => {
  const long = (letter: string, length: number) => letter.repeat(length);
  const cell = long("c", maxNameLength.cell);
  const name = long("p", maxNameLength.pool);
  const cluster = long("k", maxNameLength.cluster);
  const { spec } = plainShard({
    databaseName: long("d", maxNameLength.database),
    tableGroupName: long("t", maxNameLength.tableGroup),
    shardName: long("s", maxNameLength.shard),
    pools: { [name]: { cells: [cell], replicasPerCell: 32 } },
  }).owner;
  const owner = storedShard({ kind: "Shard", metadata: { name: "x".repeat(200) }, spec });
  const built = desiredPod(firstPool(shardViewOf(owner, { cluster })), 31);
  assert.ok(built.ok);
  const { pod } = built;
  assert.ok(pod.metadata.name.length <= 63);
  assert.ok((pod.spec?.subdomain?.length ?? 64) <= 63);
  for (const value of Object.values(pod.metadata.labels ?? {})) assert.ok(value.length <= 63);
});
