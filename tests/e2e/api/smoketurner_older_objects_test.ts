import assert from "node:assert/strict";
import { type CustomResourceDefinition, customResourceDefinition } from "../../../api/schema/crd.ts";
import { PostgresClusters } from "../../../api/smoketurner/postgres_cluster.ts";
import { at } from "../../ground/json.ts";
import { waitFor } from "../../ground/wait_for.ts";
import { uniqueName, withNamespace } from "../../ground/with_namespace.ts";
import { changed } from "../../support/rule_cases.ts";
import { findings, fixture } from "./smoketurner_support.ts";

/** Our definition in a group of its own, so that other tests see nothing of it; no short names, no categories. */
function definitionIn(group: string): CustomResourceDefinition {
  const definition = customResourceDefinition({ definition: { ...PostgresClusters.definition, group } });
  const { kind, listKind, plural, singular } = definition.spec.names;
  return { ...definition, spec: { ...definition.spec, names: { kind, listKind, plural, singular } } };
}

/** What an older schema let through: any name, and a version with its minor release. */
function lenient(definition: CustomResourceDefinition): CustomResourceDefinition {
  const older = structuredClone(definition);
  const schema = older.spec.versions[0]?.schema.openAPIV3Schema;
  const version = schema?.properties?.["spec"]?.properties?.["version"];
  assert.ok(schema?.["x-kubernetes-validations"] && version?.enum, "there is something to be lenient about");
  delete schema["x-kubernetes-validations"];
  delete version.enum;
  return older;
}

Deno.test("an object that an older schema let through can still be edited, and loses its finalizer", async (t) => {
  const group = `${uniqueName("older")}.example.com`;
  const definition = definitionIn(group);
  await withNamespace(t, async ({ client, namespace }) => {
    const collection = `/apis/${group}/v1alpha1/namespaces/${namespace}/postgresclusters`;
    const object = changed(await fixture("patroni"), {
      apiVersion: `${group}/v1alpha1`,
      metadata: { name: "orders.shop", finalizers: ["example.com/held"] },
      "spec.version": "15.4",
    });
    const patch = (body: unknown) =>
      client.send("PATCH", `${collection}/orders.shop`, body, "application/merge-patch+json");
    try {
      await client.apply({ ...lenient(definition) });
      await waitFor("the older kind to be served", async () => {
        return (await client.send("POST", collection, object)).status === 201;
      });
      await client.apply({ ...definition });
      await waitFor("the rules of ours to hold", async () => {
        const other = changed(object, { "metadata.name": "other.shop", "spec.version": "15" });
        const answer = await client.send("POST", `${collection}?dryRun=All`, other);
        return answer.status === 422 && findings(answer)[0]?.message.includes("a dot in its name");
      });

      const edited = await patch({ spec: { replicas: 4 } });
      assert.equal(edited.status, 200, JSON.stringify(edited.body));
      assert.equal(at(edited.body, "spec", "replicas"), 4);
      const worse = await patch({ spec: { version: "15.5" } });
      assert.equal(worse.status, 422);
      assert.equal((await patch({ spec: { version: "15" } })).status, 200);
      await client.request("DELETE", `${collection}/orders.shop`);
      assert.equal((await patch({ metadata: { finalizers: null } })).status, 200);
      assert.equal(await client.get(`${collection}/orders.shop`), undefined);
    } finally {
      const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
      await client.send("DELETE", `${definitions}/${definition.metadata.name}`);
    }
  });
});
