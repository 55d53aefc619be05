/** Every sample is taken by a real API server and its webhook as it stands, without a warning, and comes up. */
import assert from "node:assert/strict";
import { basename, dirname, join } from "node:path";
import { parseAllDocuments } from "yaml";
import { postgresClusterController } from "../../../controllers/postgres_cluster/controller.ts";
import type { Stores } from "../../../controllers/services.ts";
import { Secrets } from "../../../kube/kinds.ts";
import type { Manager } from "../../../kube/manager.ts";
import { StorePool } from "../../../topology/etcd/store_pool.ts";
import { at, isRecord, stringAt } from "../../ground/json.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { tryKubectl } from "../../ground/kubectl.ts";
import { waitUntil } from "../../ground/wait_for.ts";
import { withNamespace } from "../../ground/with_namespace.ts";
import { borrow, downToShards, managedPrefix } from "../../support/cluster_stage.ts";
import { installKinds, startOperator, steadyClient } from "../../support/operator.ts";
import { prefixedStore } from "../../support/prefixed_store.ts";
import { type WebhookCluster, withWebhook } from "../../support/webhook_cluster.ts";

const folder = join(import.meta.dirname ?? "", "..", "..", "..", "manifests", "samples");

/** What the comments of the samples ask their reader to make first. */
const secrets: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "shop-password": { password: "secret" },
  "etcd-authority": { "ca.crt": "authority" },
  "etcd-client": { "tls.crt": "certificate", "tls.key": "key" },
  "backup-access": { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "key" },
  "backup-keys": { "keys.json": '{"1": "a long passphrase"}' },
  "orders-backup-access": { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "key" },
  "orders-backup-key": { "encryption-key": btoa("k".repeat(32)) },
};

/** The phase that an object ends in here: on nodes that run nothing, no server can be asked. */
const phases: Readonly<Record<string, string>> = {
  MultigresCluster: "Healthy",
  PostgresCluster: "Running",
};

/** Every file, with the folder that it stands in. `toposerver.yaml` is no user's: the webhook refuses it. */
function samples(): { readonly title: string; readonly path: string }[] {
  const inside = (name: string) =>
    [...Deno.readDirSync(join(folder, name))].filter((entry) => entry.name.endsWith(".yaml"))
      .map((entry) => ({ title: join(name, entry.name), path: join(folder, name, entry.name) }));
  return ["multigres", "patroni"].flatMap(inside).sort((a, b) => a.title < b.title ? -1 : 1);
}

/** One etcd for all: that of the ground, with a place of its own for each cluster. */
function stores(namespace: string): Stores {
  const pool = new StorePool();
  return {
    borrow: (connection) => {
      if (connection.endpoints.some((endpoint) => managedPrefix(endpoint) !== undefined)) {
        return borrow(pool, connection);
      }
      const ground = pool.borrow({ endpoints: [sharedCluster().etcd ?? ""] });
      return prefixedStore(ground, `/samples/${namespace}`);
    },
  };
}

async function makeSecrets(namespace: string): Promise<void> {
  using client = steadyClient(sharedCluster().connection);
  for (const [name, stringData] of Object.entries(secrets)) {
    await client.create(Secrets, { metadata: { namespace, name }, stringData });
  }
}

/** Applies a file as a user does: a field that no schema knows is an error. */
function applied(path: string, namespace: string) {
  return tryKubectl(["apply", "--validate=strict", "-f", path], { namespace });
}

/** Words of the one warning that a sample may meet: it says so itself. */
const announced: Readonly<Record<string, RegExp>> = {
  "multigres/smallest_cluster.yaml": /^Warning: \S+accessModes lacks ReadWriteMany [^\n]+\n$/,
};

/** The cluster that the sample of an upgrade is for: one that runs. */
async function oldCluster({ client, namespace }: WebhookCluster): Promise<void> {
  const object = {
    apiVersion: "postgres-operator.smoketurner.com/v1alpha1",
    kind: "PostgresCluster",
    metadata: { name: "legacy" },
    spec: { version: "15", storage: { size: "20Gi" } },
  };
  await client.apply(object, namespace);
  const path = `${await client.pathOf(object, namespace)}/status`;
  const status = { phase: "Running", currentVersion: "15" };
  await client.request("PATCH", path, { status }, "application/merge-patch+json");
}

Deno.test("the webhook takes every sample as it is, and warns of nothing", (t) =>
  withWebhook(t, {}, async (webhook) => {
    await oldCluster(webhook);
    for (const { title, path } of samples()) {
      const { code, stderr } = await waitUntil(
        `${title} to be taken: what runs is learnt by a watch`,
        () => applied(path, webhook.namespace),
        (seen) => !seen.stderr.includes("[SourceClusterNotRunning]"),
      );
      assert.equal(code, 0, stderr);
      assert.match(stderr, announced[title] ?? /^$/, title);
    }
  }));

Deno.test("the sample for production holds the rules of a namespace of production, the smallest does not", (t) =>
  withWebhook(t, {
    prepare: async ({ namespace, client }) => {
      const metadata = { name: namespace, labels: { env: "production" } };
      await client.apply({ apiVersion: "v1", kind: "Namespace", metadata });
    },
  }, async ({ namespace }) => {
    const { code, stderr } = await applied(join(folder, "patroni", "production.yaml"), namespace);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    const small = await applied(join(folder, "patroni", "smallest_cluster.yaml"), namespace);
    assert.match(small.stderr, /\[Production\w+Required\]/);
  }));

const comingUp: readonly (readonly [string, (namespace: string) => (manager: Manager) => void])[] = [
  ["multigres", (namespace) => downToShards({ stores: stores(namespace) })],
  ["patroni", () => (manager) => {
    manager.add(postgresClusterController({ patroniAddress: () => "http://127.0.0.1:9" }));
  }],
];

for (const [family, setUp] of comingUp) {
  Deno.test(`all samples of ${family} come up`, (t) =>
    withNamespace(t, async ({ namespace, client }) => {
      using steady = steadyClient(sharedCluster().connection);
      await installKinds(steady);
      await makeSecrets(namespace);
      const options = { namespaces: [namespace], setUp: setUp(namespace) };
      await using _operator = startOperator(sharedCluster().connection, options);
      const chosen = samples().filter(({ title }) => dirname(title) === family);
      const texts = [];
      for (const { path } of chosen) {
        const { code, stderr } = await applied(path, namespace);
        assert.equal(code, 0, stderr);
        texts.push(await Deno.readTextFile(path));
      }
      const objects = texts.flatMap((text) => parseAllDocuments(text).map((document) => document.toJS()));
      assert.ok(objects.length >= chosen.length);
      for (const object of objects.filter(isRecord)) {
        const expected = phases[stringAt(object, "kind") ?? ""];
        if (expected === undefined) continue;
        const path = await client.pathOf(object, namespace);
        await waitUntil(
          `${stringAt(object, "metadata", "name")} to be ${expected}`,
          () => client.get(path),
          (seen) => at(seen, "status", "phase") === expected,
        );
      }
    }));
}

Deno.test("each sample begins with what it is for, and the list of samples leads to it", async () => {
  const list = await Deno.readTextFile(join(folder, "README.md"));
  for (const { title, path } of samples()) {
    assert.match(await Deno.readTextFile(path), /^# \S.+\n# \S.+\n(# .+\n)*apiVersion:/, title);
    assert.ok(list.includes(`](${title})`), `${basename(folder)}/README.md does not lead to ${title}`);
  }
});
