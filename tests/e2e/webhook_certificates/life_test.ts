import assert from "node:assert/strict";
import { makeAuthority, systemRandom } from "../../../certs/authority.ts";
import { Secrets } from "../../../kube/kinds.ts";
import { objectPath } from "../../../kube/resource.ts";
import { hookConfigurations } from "../../../webhook/pki/bundles.ts";
import { authoritySecretName, servingSecretName } from "../../../webhook/pki/place.ts";
import { at, stringAt } from "../../ground/json.ts";
import { ownedTest } from "../../ground/ground.ts";
import { waitFor } from "../../ground/wait_for.ts";
import { type PkiStage, reached, withPki } from "../../support/webhook_pki.ts";

const textOf = async (stage: PkiStage, name: string, key: string): Promise<string> =>
  atob((await stage.secret(name))?.data?.[key] ?? "");

ownedTest(
  "the webhook makes its certificates, and is ready once the API server reaches it",
  (t) =>
    withPki(t, async (stage) => {
      await stage.install();
      await using replica = stage.start();
      const first = replica.health();
      assert.ok(first !== undefined);
      await reached(replica);
      const authority = await stage.secret(authoritySecretName);
      assert.deepEqual(Object.keys(authority?.data ?? {}).sort(), ["ca.crt", "ca.key"]);
      const serving = await stage.secret(servingSecretName);
      assert.equal(serving?.type, "kubernetes.io/tls");
      const ca = await textOf(stage, authoritySecretName, "ca.crt");
      for (const at of [0, 1] as const) {
        const configuration = await stage.configuration(at);
        assert.equal(configuration?.metadata.annotations?.["multigres.com/cert-strategy"], "self-signed");
        for (const { clientConfig } of configuration?.webhooks ?? []) {
          assert.equal(atob(clientConfig.caBundle ?? ""), ca);
        }
      }
      const child = {
        apiVersion: "multigres.com/v1alpha1",
        kind: "TopoServer",
        metadata: { name: "t" },
        spec: { etcd: {} },
      };
      const path = `/apis/multigres.com/v1alpha1/namespaces/${stage.namespace}/toposervers`;
      const answer = await stage.ground.send("POST", path, child);
      assert.match(stringAt(answer.body, "message") ?? "", /managed by the operator/, "it guards");
    }),
);

ownedTest("of two replicas that start at once one makes the authority", (t) =>
  withPki(t, async (stage) => {
    await stage.install();
    const [one, two] = [stage.start(), stage.start({ port: stage.port + 1 })];
    await using _both = {
      [Symbol.asyncDispose]: async () => void await Promise.all([one.stop(), two.stop()]),
    };
    await Promise.all([reached(one), reached(two)]);
    const made = [...one.log, ...two.log].filter((line) => line.includes("holds a new authority"));
    assert.ok(made.length <= 2);
    const { namespace } = stage;
    const all = await stage.client.listAll(Secrets, { namespace });
    assert.deepEqual(all.map(({ metadata }) => metadata.name).sort(), [
      authoritySecretName,
      servingSecretName,
    ]);
    const ca = await textOf(stage, authoritySecretName, "ca.crt");
    assert.equal(ca.match(/BEGIN CERTIFICATE/g)?.length, 1);
    assert.equal(await textOf(stage, servingSecretName, "ca.crt"), ca);
  }));

/** Writes into caBundle of each hook, as somebody with kubectl would. */
async function overwrite(stage: PkiStage, at: 0 | 1, text: string): Promise<void> {
  const { resource, name } = hookConfigurations[at];
  const { webhooks = [] } = await stage.client.get(resource, { name });
  const changed = webhooks.map((hook) => ({
    ...hook,
    clientConfig: { ...hook.clientConfig, caBundle: btoa(text) },
  }));
  await stage.client.patch(resource, { name }, { webhooks: changed });
}

async function bundles(stage: PkiStage): Promise<Set<string>> {
  const all = [await stage.configuration(0), await stage.configuration(1)];
  const texts = all.flatMap((each) => each?.webhooks ?? []).map(({ clientConfig }) => clientConfig.caBundle);
  return new Set(texts.map((text) => atob(text ?? "")));
}

ownedTest(
  "a caBundle that was overwritten by hand is put right at once, and nothing else of the hook",
  (t) =>
    withPki(t, async (stage) => {
      await stage.install();
      await using replica = stage.start();
      await reached(replica);
      const ca = await textOf(stage, authoritySecretName, "ca.crt");
      const other = await makeAuthority({ organization: "o", commonName: "other" }, {
        now: new Date(),
        random: systemRandom,
      });
      for (const at of [0, 1] as const) {
        const started = performance.now();
        await overwrite(stage, at, other.certificate);
        await waitFor("caBundle to be put right", async () => {
          const found = await bundles(stage);
          return found.size === 1 && found.has(ca);
        });
        assert.ok(performance.now() - started < 5_000);
      }
      const hook = (await stage.configuration(1))?.webhooks?.[0];
      assert.equal(at(hook, "timeoutSeconds"), 10);
      assert.equal(at(hook, "clientConfig", "service", "port"), stage.port);
    }),
);

ownedTest(
  "hooks that others added are left alone, and so are configurations that are not there",
  (t) =>
    withPki(t, async (stage) => {
      await stage.install();
      const { resource, name } = hookConfigurations[1];
      const { webhooks = [] } = await stage.client.get(resource, { name });
      const strange = {
        ...webhooks[0],
        name: "strange.example.com",
        clientConfig: { url: "https://localhost:1" },
      };
      await stage.client.patch(resource, { name }, { webhooks: [...webhooks, { ...strange, rules: [] }] });
      await stage.ground.send("DELETE", objectPath(hookConfigurations[0].resource, hookConfigurations[0]));
      await using replica = stage.start();
      await reached(replica);
      const after = await stage.configuration(1);
      const stranger = after?.webhooks?.find((hook) => hook.name === "strange.example.com");
      assert.deepEqual(stranger?.clientConfig, { url: "https://localhost:1" });
      assert.equal(await stage.configuration(0), undefined);
    }),
);
