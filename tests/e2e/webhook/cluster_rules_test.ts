import assert from "node:assert/strict";
import { present } from "../../../resolve/present.ts";
import type { FactChange } from "../../../webhook/facts.ts";
import { waitUntil } from "../../ground/wait_for.ts";
import { withNamespace } from "../../ground/with_namespace.ts";
import { type ClusterRuleCase, ruleCases } from "../../support/multigres_rule_cases.ts";
import { type WebhookCluster, withWebhook } from "../../support/webhook_cluster.ts";

const apiVersion = "multigres.com/v1alpha1";

type Rule = keyof typeof ruleCases;

/** Rules whose cases rest on templates that the API server does not store, or on other nodes and classes than it has. */
const elsewhere: ReadonlySet<Rule> = new Set([
  "TemplateFits",
  "NodesMatch",
  "StorageClassGiven",
  "StorageClassExists",
]);

const rules = Object.keys(ruleCases).filter((rule): rule is Rule =>
  Object.hasOwn(ruleCases, rule) && !elsewhere.has(rule as Rule)
);

function cluster(spec: unknown, name = "c") {
  return { apiVersion, kind: "MultigresCluster", metadata: { name }, spec };
}

const template = (kind: string, name: string, spec: unknown = {}) => ({
  apiVersion,
  kind,
  metadata: { name },
  spec,
});

/** Templates that the cases name. The last one has a name that the webhook itself would not take. */
const templates = [
  template("CoreTemplate", "core"),
  template("CellTemplate", "cell"),
  template("ShardTemplate", "shard", { pools: { main: {} } }),
  template("ShardTemplate", "lengthy", { pools: { ["x".repeat(26)]: {} } }),
];

async function tryCluster(webhook: WebhookCluster, spec: unknown) {
  const { code, stderr } = await webhook.apply([cluster(spec)], "--dry-run=server");
  return { code, stderr: stderr.replaceAll(/\s+/g, " ") };
}

async function tryCase(
  webhook: WebhookCluster,
  { severity, refused, accepted, says }: ClusterRuleCase,
): Promise<void> {
  const spoken = await tryCluster(webhook, refused);
  assert.match(spoken.stderr, says);
  if (severity === "error") {
    assert.equal(spoken.code, 1);
    assert.match(spoken.stderr, /admission webhook "vmultigrescluster.kb.io" denied the request/);
  } else {
    assert.equal(spoken.code, 0, spoken.stderr);
    assert.match(spoken.stderr, /Warning: /);
  }
  const silent = await tryCluster(webhook, accepted);
  assert.equal(silent.code, 0, silent.stderr);
  assert.doesNotMatch(silent.stderr, says);
}

Deno.test("each rule for clusters speaks up through kubectl, and lets the others pass", async (t) => {
  const prepare = async ({ namespace, client }: { namespace: string; client: WebhookCluster["client"] }) => {
    for (const object of templates) await client.apply(object, namespace);
  };
  await withWebhook(t, { prepare, patience: { unknownMs: 5_000, refusalMs: 100 } }, async (webhook) => {
    for (const rule of rules) {
      await t.step(rule, async () => {
        for (const each of ruleCases[rule]) await tryCase(webhook, each);
      });
    }
  });
});

const plain = (fields: Record<string, unknown> = {}) => ({
  postgresPasswordSecretRef: { name: "pw", key: "password" },
  cells: [{ name: "a", zoneId: "use1-aza" }],
  ...fields,
});

Deno.test("nodes and classes of the cluster are looked at", (t) =>
  withWebhook(t, {}, async (webhook) => {
    const nowhere = plain({ cells: [{ name: "a", zone: "mars-1" }] });
    assert.match(
      (await tryCluster(webhook, nowhere)).stderr,
      /Warning: No node has the label topology.kubernetes.io\/zone=mars-1/,
    );
    const unclassed = await tryCluster(
      webhook,
      plain({ globalTopoServer: { etcd: { storage: { class: "no-such" } } } }),
    );
    assert.equal(unclassed.code, 0);
    assert.match(unclassed.stderr, /Warning: .*no-such, which does not exist yet/);
    const quiet = await tryCluster(
      webhook,
      plain({ globalTopoServer: { etcd: { storage: { class: "standard" } } } }),
    );
    assert.deepEqual([quiet.code, /No node has|does not exist yet/.test(quiet.stderr)], [0, false]);
  }));

/** The same facts, but no StorageClass is the default. */
function withoutDefaultClass(changes: readonly FactChange[]): FactChange[] {
  return changes.map((change) => {
    if (change.type !== "object" || change.kind !== "storageclasses") return change;
    const { name } = change.object.metadata;
    return { ...change, object: { ...change.object, metadata: present({ name }) } };
  });
}

Deno.test("a cluster without a class is refused where none is the default", (t) =>
  withWebhook(t, {
    feed: (feed) => ({
      follow: (listener, signal) => feed.follow((changes) => listener(withoutDefaultClass(changes)), signal),
    }),
  }, async (webhook) => {
    const spoken = await tryCluster(webhook, plain());
    assert.equal(spoken.code, 1);
    assert.match(spoken.stderr, /spec.globalTopoServer.etcd.storage, .* as no StorageClass is named there/);
    const storage = { class: "standard" };
    const named = plain({
      globalTopoServer: { etcd: { storage } },
      backup: { type: "filesystem", filesystem: { storage } },
      databases: [{
        name: "postgres",
        default: true,
        tablegroups: [{
          name: "default",
          default: true,
          shards: [{ name: "0-inf", spec: { pools: { main: { storage } } } }],
        }],
      }],
    });
    assert.equal((await tryCluster(webhook, named)).code, 0);
  }));

Deno.test("a place in a topology server is refused to a second cluster, in whatever namespace", (t) =>
  withWebhook(t, { patience: { unknownMs: 5_000, refusalMs: 100 } }, async (webhook) => {
    const at = (rootPath: string, enabled = true) =>
      plain({
        globalTopoServer: { external: { endpoints: ["http://etcd.example:2379"], rootPath } },
        topologyPruning: { enabled },
      });
    await withNamespace(t, async ({ namespace: elsewhere, client }) => {
      for (const [namespace, root] of [[webhook.namespace, "/x"], [elsewhere, "/z"]] as const) {
        await client.apply(cluster(at(root), "first"), namespace);
        const spoken = await waitUntil(
          `the webhook to know of the first cluster in ${namespace}`,
          () => tryCluster(webhook, at(root)),
          ({ code }) => code === 1,
        );
        assert.match(
          spoken.stderr,
          /globalTopoServer.external.rootPath.* as MultigresCluster \S+\/first has/,
        );
        assert.ok(spoken.stderr.includes(`${namespace}/first`), spoken.stderr);
        assert.equal((await tryCluster(webhook, at(root, false))).code, 1, "the first one prunes");
      }
    });
    assert.deepEqual(await tryCluster(webhook, at("/y")).then(({ code }) => code), 0);
  }));
