import assert from "node:assert/strict";
import { Deployments, Events, Secrets } from "../../../kube/kinds.ts";
import { authoritySecretName, servingSecretName } from "../../../webhook/pki/place.ts";
import { stringAt } from "../../ground/json.ts";
import { ownedTest } from "../../ground/ground.ts";
import { waitFor, waitUntil } from "../../ground/wait_for.ts";
import { TurnedClock } from "../../support/turned_clock.ts";
import { type PkiStage, reached, withPki } from "../../support/webhook_pki.ts";

/** A Deployment as the operator's own; its pods run on fake nodes. */
async function deploy({ ground, client, namespace }: PkiStage, name: string, replicas = 0): Promise<void> {
  const labels = { "app.kubernetes.io/name": "multigres-operator" };
  await ground.apply({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, labels },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "operator", image: "operator:1" }] } },
    },
  }, namespace);
  const ready = async () => (await client.get(Deployments, { namespace, name })).status?.readyReplicas ?? 0;
  await waitUntil(`${replicas} ready pods`, ready, (count) => count === replicas, { timeoutMs: 60_000 });
}

ownedTest(
  "the Secrets belong to the operator's oldest Deployment, are told of, and go with it",
  (t) =>
    withPki(t, async (stage) => {
      const { client, namespace } = stage;
      await deploy(stage, "older");
      await new Promise((resolve) => setTimeout(resolve, 1_100));
      await deploy(stage, "a-younger-one");
      await stage.install();
      {
        await using replica = stage.start();
        await reached(replica);
        for (const name of [authoritySecretName, servingSecretName]) {
          const secret = await stage.secret(name);
          const owners = secret?.metadata.ownerReferences?.map((
            { kind, name, controller },
          ) => [kind, name, controller]);
          assert.deepEqual(owners, [["Deployment", "older", true]]);
          assert.equal(secret?.metadata.labels?.["app.kubernetes.io/managed-by"], "multigres-operator");
        }
        const fields = `involvedObject.name=${servingSecretName}`;
        const events = await client.listAll(Events, { namespace, fields });
        const serving = await stage.secret(servingSecretName);
        assert.deepEqual(events.map(({ message, involvedObject }) => [message, involvedObject.uid]), [[
          `Secret ${authoritySecretName} holds a new authority, which signed ${servingSecretName}`,
          serving?.metadata.uid,
        ]]);
      }
      const { metadata } = await client.get(Deployments, { namespace, name: "older" });
      const { uid = "", resourceVersion = "" } = metadata;
      await client.delete(Deployments, { namespace, name: "older" }, {
        precondition: { uid, resourceVersion },
      });
      await waitUntil("the Secrets to go", () =>
        client.listAll(Secrets, { namespace }), (all) =>
        all.length === 0, {
        timeoutMs: 60_000,
      });
    }),
);

ownedTest(
  "a Secret of somebody else that bears a name of ours is left alone, and told",
  (t) =>
    withPki(t, async (stage) => {
      const { ground, namespace } = stage;
      await ground.apply({
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: authoritySecretName },
        stringData: { "ca.crt": "mine" },
      }, namespace);
      await stage.install();
      await using replica = stage.start();
      await waitFor(
        "the trouble to be told",
        () => /belong to others: delete or rename/.test(replica.health() ?? ""),
      );
      assert.equal(atob((await stage.secret(authoritySecretName))?.data?.["ca.crt"] ?? ""), "mine");
      await ground.send("DELETE", `/api/v1/namespaces/${namespace}/secrets/${authoritySecretName}`);
      await reached(replica);
    }),
);

ownedTest(
  "a replica that nobody finds goes ahead for a minute, as no pod of a Service is ready before it",
  (t) =>
    withPki(t, async (stage) => {
      await stage.install();
      const clock = new TurnedClock();
      await using replica = stage.start({ clock, port: stage.port + 1 });
      await waitFor("the replica to go ahead", () => replica.health() === undefined, { timeoutMs: 60_000 });
      clock.turn(61);
      assert.match(replica.health() ?? "", /the API server does not reach the webhook: .*refused/);
      clock.turn(120);
      await waitFor("another question", () => replica.health() !== undefined);
      clock.turn(300);
      await waitFor("another try", () => replica.health() === undefined, { timeoutMs: 60_000 });
    }),
);

ownedTest("a replica that nobody finds waits while another one is ready", (t) =>
  withPki(t, async (stage) => {
    await deploy(stage, "operator", 1);
    await stage.install();
    await using replica = stage.start({ port: stage.port + 1 });
    await waitFor("the trouble to be told", () => /does not reach the webhook/.test(replica.health() ?? ""), {
      timeoutMs: 60_000,
    });
    await using _other = stage.start();
    await reached(replica);
  }));

ownedTest(
  "when the operator went first, the configurations are all that has to be taken away",
  (t) =>
    withPki(t, async (stage) => {
      const { ground, namespace } = stage;
      const path = `/apis/multigres.com/v1alpha1/namespaces/${namespace}/coretemplates`;
      const template = (name: string) => ({
        apiVersion: "multigres.com/v1alpha1",
        kind: "CoreTemplate",
        metadata: { name },
      });
      await stage.install();
      {
        await using replica = stage.start();
        await reached(replica);
        assert.equal((await ground.send("POST", path, template("one"))).status, 201);
      }
      const refused = await ground.send("DELETE", `${path}/one`);
      assert.match(stringAt(refused.body, "message") ?? "", /failed calling webhook/);
      await stage.uninstall();
      await waitUntil("the template to go", () =>
        ground.send("DELETE", `${path}/one`), ({ status }) =>
        status === 200);
      assert.equal((await ground.send("POST", path, template("two"))).status, 201);
    }),
);
