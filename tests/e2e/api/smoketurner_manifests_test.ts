import assert from "node:assert/strict";
import { at, isRecord, listAt, stringAt } from "../../ground/json.ts";
import {
  create,
  type Creation,
  findings,
  fixture,
  kinds,
  pathOf,
  type Plural,
  withKinds,
} from "./smoketurner_support.ts";

/** Creates the manifest without leave to drop a field, reads it back, and decodes it as a controller would. */
async function store(target: Creation, name: string) {
  const manifest = await fixture(name);
  const answer = await create(target, manifest);
  assert.equal(
    answer.status,
    201,
    `${name}: ${JSON.stringify(findings(answer))} ${stringAt(answer.body, "message")}`,
  );
  const path = pathOf(target.plural, target.namespace, stringAt(manifest, "metadata", "name"));
  const stored = await target.client.get(path);
  const decoded = kinds[target.plural].decode(stored);
  return {
    manifest,
    stored,
    spec: decoded.ok ? decoded.value.spec : assert.fail(JSON.stringify(decoded.problems)),
  };
}

/** Every field of `part` is in `whole`, with its value; `whole` may have more (defaults). */
function assertContains(whole: unknown, part: unknown, path: string): void {
  if (Array.isArray(part)) {
    assert.equal(listAt(whole).length, part.length, path);
    part.forEach((item, index) => assertContains(at(whole, index), item, `${path}[${index}]`));
  } else if (isRecord(part)) {
    for (const [key, value] of Object.entries(part)) assertContains(at(whole, key), value, `${path}.${key}`);
  } else assert.equal(whole, part, path);
}

const manifests: readonly [Plural, string][] = [
  ["postgresclusters", "patroni"],
  ["postgresclusters", "production"],
  ["postgresclusters", "scale_to_zero"],
  ["postgresdatabases", "database"],
  ["postgresupgrades", "upgrade"],
];

for (const [plural, name] of manifests) {
  Deno.test(`the manifest ${name} is stored whole, with no field dropped or changed`, async (t) => {
    await withKinds(t, async ({ client, namespace }) => {
      const { manifest, stored } = await store({ client, namespace, plural }, name);
      assertContains(at(stored, "spec"), manifest["spec"], "spec");
    });
  });
}

Deno.test("a backup destination is accepted flat, nested and both ways, and is one to a controller", async (t) => {
  await withKinds(t, async ({ client, namespace }) => {
    const target = { client, namespace, plural: "postgresclusters" } as const;
    const names = ["backup_flat", "backup_nested", "backup_both"];
    const specs = await Promise.all(names.map(async (name) => (await store(target, name)).spec));
    const [flat, nested, both] = specs;
    assert.deepEqual(at(flat, "backup", "destination"), {
      type: "S3",
      bucket: "backups",
      region: "eu-west-1",
      endpoint: "https://minio.storage.svc:9000",
      credentialsSecret: "backup-credentials",
      forcePathStyle: true,
    });
    assert.deepEqual(nested, flat);
    assert.deepEqual(both, flat);
  });
});

Deno.test("the Secret of a restore is accepted in both spellings, and is one to a controller", async (t) => {
  await withKinds(t, async ({ client, namespace }) => {
    const target = { client, namespace, plural: "postgresclusters" } as const;
    const { spec: camel } = await store(target, "restore_camel");
    const { spec: snake } = await store(target, "restore_snake");
    assert.equal(at(camel, "restore", "source", "s3", "credentialsSecret"), "backup-credentials");
    assert.deepEqual(snake, camel);
  });
});

Deno.test("what was meant for scaling to nothing is accepted, and no controller sees it", async (t) => {
  await withKinds(t, async ({ client, namespace }) => {
    const { spec } = await store({ client, namespace, plural: "postgresclusters" }, "scale_to_zero");
    assert.deepEqual(at(spec, "scaling"), {
      maxReplicas: 3,
      metrics: { connections: { targetPerReplica: 50 } },
      replicationLagThreshold: "30s",
      estimatedThroughputMbPerSec: 100,
    });
    assert.deepEqual(at(spec, "backup", "encryption"), { method: "aes256", keySecret: "backup-key" });
  });
});

Deno.test("both spellings of the attribute to bypass row security are accepted, and are one", async (t) => {
  await withKinds(t, async ({ client, namespace }) => {
    const { spec } = await store({ client, namespace, plural: "postgresdatabases" }, "database");
    assert.deepEqual(at(spec, "roles", 1, "privileges"), ["BYPASS_RLS"]);
    assert.deepEqual(at(spec, "roles", 2, "privileges"), ["BYPASS_RLS"]);
    assert.equal(at(spec, "roles", 2, "login"), true);
  });
});

Deno.test("a field that no schema ever had is named to the user", async (t) => {
  await withKinds(t, async ({ client, namespace }) => {
    const manifest = {
      ...await fixture("patroni"),
      spec: { version: "16", storage: { size: "1Gi" }, shards: 3 },
    };
    const answer = await create({ client, namespace, plural: "postgresclusters" }, manifest);
    assert.equal(answer.status, 400);
    assert.match(stringAt(answer.body, "message") ?? "", /unknown field "spec\.shards"/);
  });
});
