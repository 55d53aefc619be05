import assert from "node:assert/strict";
import { at, listAt, stringAt } from "../../ground/json.ts";
import { GroundClient } from "../../ground/client.ts";
import { connectionAs, ownedTest } from "../../ground/ground.ts";
import { waitFor, waitUntil } from "../../ground/wait_for.ts";
import { operatorName } from "../../support/webhook.ts";
import { type WebhookCluster, withWebhook } from "../../support/webhook_cluster.ts";

const apiVersion = "multigres.com/v1alpha1";

type Json = Record<string, unknown>;

const plain = (fields: Json = {}) => ({
  postgresPasswordSecretRef: { name: "pw", key: "password" },
  cells: [{ name: "a", zoneId: "use1-aza" }],
  ...fields,
});

function object(kind: string, name: string, spec: Json = {}, metadata: Json = {}): Json & { metadata: Json } {
  return { apiVersion, kind, metadata: { name, ...metadata }, spec };
}

const cluster = (spec: Json) => object("MultigresCluster", "shop", spec);

function pathOf({ namespace }: WebhookCluster, plural: string, name: string): string {
  return `/apis/${apiVersion}/namespaces/${namespace}/${plural}/${name}`;
}

async function applied(webhook: WebhookCluster, ...objects: readonly Json[]): Promise<string> {
  const { code, stdout, stderr } = await webhook.apply(objects);
  assert.equal(code, 0, stderr);
  return stdout;
}

async function denied(webhook: WebhookCluster, says: RegExp, ...objects: readonly Json[]): Promise<void> {
  const { code, stderr } = await webhook.apply(objects);
  assert.equal(code, 1);
  assert.match(stderr.replaceAll(/\s+/g, " "), says);
}

Deno.test("a cluster is stored with its defaults, and applying it again changes nothing", (t) =>
  withWebhook(t, {}, async (webhook) => {
    await applied(webhook, cluster(plain()));
    const path = pathOf(webhook, "multigresclusters", "shop");
    const stored = await webhook.client.get(path);
    assert.equal(at(stored, "spec", "globalTopoServer", "etcd", "replicas"), 3);
    assert.equal(at(stored, "spec", "durabilityPolicy"), "AT_LEAST_2");
    assert.equal(listAt(stored, "spec", "databases", 0, "tablegroups").length, 1);
    assert.ok(!JSON.stringify(at(stored, "spec")).includes("ghcr.io"), "images follow the operator");
    const version = stringAt(stored, "metadata", "resourceVersion");
    assert.match(await applied(webhook, cluster(plain())), /unchanged|configured/);
    assert.equal(stringAt(await webhook.client.get(path), "metadata", "resourceVersion"), version);
  }));

Deno.test("a template and the cluster that names it come in one file, and go in one", (t) =>
  withWebhook(t, {}, async (webhook) => {
    for (let round = 0; round < 5; round++) {
      const objects = [
        object("CoreTemplate", `core-${round}`),
        object("ShardTemplate", `shard-${round}`, { pools: { main: {} } }),
        object(
          "MultigresCluster",
          `c-${round}`,
          plain({
            templateDefaults: { coreTemplate: `core-${round}`, shardTemplate: `shard-${round}` },
          }),
        ),
      ];
      await applied(webhook, ...objects);
      const gone = [...objects].reverse().map((each) => `${each["kind"]}/${each.metadata["name"]}`);
      for (const name of gone) {
        const { code, stderr } = await webhook.kubectl("delete", name, "--wait=false");
        assert.equal(code, 0, stderr);
      }
    }
  }));

Deno.test("volumes do not shrink, etcd keeps its members, and everything else may change", (t) =>
  withWebhook(t, {}, async (webhook) => {
    const sized = (size: string, replicas = 3) =>
      cluster(plain({
        globalTopoServer: { etcd: { replicas } },
        databases: [{
          name: "postgres",
          default: true,
          tablegroups: [{
            name: "default",
            default: true,
            shards: [{ name: "0-inf", spec: { pools: { main: { storage: { size } } } } }],
          }],
        }],
      }));
    await applied(webhook, sized("10Gi"));
    await denied(
      webhook,
      /Cannot shrink .*pools.main.storage.size to 5Gi as volumes only grow: current value is 10Gi/,
      sized("5Gi"),
    );
    await denied(
      webhook,
      /Cannot change the number of etcd members .* to 5 .* current value is 3/,
      sized("10Gi", 5),
    );
    await applied(webhook, sized("20Gi"));
  }));

Deno.test("a template in use stays, and does not break its users", (t) =>
  withWebhook(t, { patience: { unknownMs: 5_000, refusalMs: 200 } }, async (webhook) => {
    const core = object("CoreTemplate", "core", { globalTopoServer: { etcd: { replicas: 3 } } });
    const cell = object("CellTemplate", "cell");
    const shard = object("ShardTemplate", "shard", { pools: { main: { storage: { size: "10Gi" } } } });
    const templateDefaults = { coreTemplate: "core", cellTemplate: "cell", shardTemplate: "shard" };
    await applied(webhook, core, cell, shard, cluster(plain({ templateDefaults })));
    await waitFor("the template to be in use", async () => {
      const { code, stderr } = await webhook.kubectl("delete", "celltemplate", "cell", "--dry-run=server");
      return code === 1 && stderr.includes("in use by MultigresCluster shop");
    });
    for (const name of ["coretemplate/core", "celltemplate/cell", "shardtemplate/shard"]) {
      const { code, stderr } = await webhook.kubectl("delete", name);
      assert.equal(code, 1);
      assert.match(stderr, /in use by MultigresCluster shop \(spec.templateDefaults/);
    }
    await denied(
      webhook,
      /Cannot change the number of etcd members/,
      object("CoreTemplate", "core", { globalTopoServer: { etcd: { replicas: 5 } } }),
    );
    await denied(
      webhook,
      /Cannot hold statements back/,
      object("CellTemplate", "cell", { multigateway: { buffer: { window: "1h" } } }),
    );
    await denied(
      webhook,
      /Cannot shrink/,
      object("ShardTemplate", "shard", { pools: { main: { storage: { size: "1Gi" } } } }),
    );
    await denied(
      webhook,
      /Cannot set port/,
      object("ShardTemplate", "other", { postgresConfig: { port: "1" } }),
    );
    await applied(
      webhook,
      object("ShardTemplate", "shard", { pools: { main: { storage: { size: "11Gi" } } } }),
    );
  }));

const server = (metadata: Json = {}) => object("TopoServer", "child", { etcd: {} }, metadata);

ownedTest(
  "children are the operator's: an administrator changes none, the garbage collector removes them",
  async (t) => {
    using operator = new GroundClient(await connectionAs({ user: operatorName, groups: ["system:masters"] }));
    await withWebhook(t, {}, async (webhook) => {
      const { namespace, client } = webhook;
      await denied(webhook, /Cannot create TopoServer .*\/child .* managed by the operator/, server());
      const owner = await client.apply(
        { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "owner" } },
        namespace,
      );
      const ownerReferences = [{
        apiVersion: "v1",
        kind: "ConfigMap",
        name: "owner",
        uid: stringAt(owner, "metadata", "uid"),
      }];
      await operator.apply(server({ ownerReferences }), namespace);
      const path = pathOf(webhook, "toposervers", "child");
      assert.equal((await client.send("DELETE", path)).status, 403);
      const patch = "application/merge-patch+json";
      assert.equal(
        (await client.send("PATCH", path, { metadata: { labels: { a: "b" } } }, patch)).status,
        403,
      );
      assert.equal(
        (await client.send("PATCH", `${path}/status`, { status: { phase: "Healthy" } }, patch)).status,
        200,
      );
      assert.equal(
        (await operator.send("PATCH", path, { metadata: { labels: { a: "b" } } }, patch)).status,
        200,
      );
      await client.send("DELETE", `/api/v1/namespaces/${namespace}/configmaps/owner`);
      await waitFor(
        "the garbage collector to remove the child",
        async () => await client.get(path) === undefined,
      );
    });
  },
);

ownedTest(
  "the end of a namespace waits for no webhook, and neither does what is being deleted",
  async (t) => {
    using operator = new GroundClient(await connectionAs({ user: operatorName, groups: ["system:masters"] }));
    await withWebhook(t, {}, async (webhook) => {
      const { namespace, client } = webhook;
      const held = cluster(plain({ templateDefaults: { cellTemplate: "cell" } }));
      held.metadata = { ...held.metadata, finalizers: ["example.com/held"] };
      await applied(webhook, object("CellTemplate", "cell"), object("CoreTemplate", "core"), held);
      await operator.apply(server(), namespace);
      await webhook.stop();
      const refused = await webhook.apply([object("CoreTemplate", "late")]);
      assert.match(refused.stderr, /failed calling webhook/, "nobody answers any more");
      await operator.apply(server({ labels: { still: "possible" } }), namespace);
      await client.send("DELETE", `/api/v1/namespaces/${namespace}`);
      const path = pathOf(webhook, "multigresclusters", "shop");
      await waitUntil(
        "the cluster to be told to go",
        () => client.get(path),
        (seen) => stringAt(seen, "metadata", "deletionTimestamp") !== undefined,
      );
      const freed = await client.send(
        "PATCH",
        path,
        { metadata: { finalizers: null } },
        "application/merge-patch+json",
      );
      assert.equal(freed.status, 200, JSON.stringify(freed.body));
      await waitFor(
        "the namespace to end",
        async () => await client.get(`/api/v1/namespaces/${namespace}`) === undefined,
      );
    });
  },
);
