import assert from "node:assert/strict";
import { customResourceDefinition } from "../../../api/schema/crd.ts";
import { PostgresClusters } from "../../../api/smoketurner/postgres_cluster.ts";
import { at } from "../../ground/json.ts";
import { uniqueName, withNamespace } from "../../ground/with_namespace.ts";
import { waitFor } from "../../ground/wait_for.ts";
import { findings, fixture } from "./smoketurner_support.ts";

Deno.test("an object whose name was accepted before the rules can be edited, and loses its finalizer", async (t) => {
  const group = `${uniqueName("names")}.example.com`;
  const definition = customResourceDefinition({ definition: { ...PostgresClusters.definition, group } });
  const { names } = definition.spec;
  // Under names of its own: this group must not answer for the short names and categories of the real one.
  definition.spec.names = {
    kind: names.kind,
    listKind: names.listKind,
    plural: names.plural,
    singular: names.singular,
  };
  const before = structuredClone(definition);
  const schema = before.spec.versions[0]?.schema.openAPIV3Schema;
  assert.ok(schema?.["x-kubernetes-validations"]);
  delete schema["x-kubernetes-validations"];

  await withNamespace(t, async ({ client, namespace }) => {
    const collection = `/apis/${group}/v1alpha1/namespaces/${namespace}/postgresclusters`;
    const object = {
      ...await fixture("patroni"),
      apiVersion: `${group}/v1alpha1`,
      metadata: { name: "orders.shop", finalizers: ["example.com/held"] },
    };
    try {
      await client.apply({ ...before });
      await waitFor(
        "the kind to be served",
        async () => (await client.send("POST", collection, object)).status === 201,
      );
      await client.apply({ ...definition });
      await waitFor("the rules to hold", async () => {
        const other = { ...object, metadata: { name: "other.shop" } };
        const answer = await client.send("POST", `${collection}?dryRun=All`, other);
        return answer.status === 422 && findings(answer)[0]?.message.includes("a dot in its name");
      });
      const patch = (body: unknown) =>
        client.send("PATCH", `${collection}/orders.shop`, body, "application/merge-patch+json");
      const edited = await patch({ spec: { replicas: 4 } });
      assert.equal(edited.status, 200, JSON.stringify(edited.body));
      assert.equal(at(edited.body, "spec", "replicas"), 4);
      await client.request("DELETE", `${collection}/orders.shop`);
      assert.equal((await patch({ metadata: { finalizers: null } })).status, 200);
      assert.equal(await client.get(`${collection}/orders.shop`), undefined);
    } finally {
      await client.send(
        "DELETE",
        `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${definition.metadata.name}`,
      );
    }
  });
});
