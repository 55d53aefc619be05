import assert from "node:assert/strict";
import { TopoServers } from "../../api/multigres/topo_server.ts";
import { customResourceDefinition } from "../../api/schema/crd.ts";
import { addControllers } from "../../controllers/controllers.ts";
import { Definitions } from "../../kube/definition.ts";
import { Events, StatefulSets } from "../../kube/kinds.ts";
import { ownedTest, privateControlPlane } from "../ground/ground.ts";
import { delay, waitFor, waitUntil } from "../ground/wait_for.ts";
import { installKinds, startOperator, steadyClient } from "../support/operator.ts";

/** The definition as it was before it learnt what a TopoServer is: anything goes. */
function looseDefinition() {
  const { metadata, spec } = customResourceDefinition(TopoServers);
  const anything = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  const schema = { openAPIV3Schema: { type: "object", properties: { spec: anything, status: anything } } };
  return {
    metadata: { name: metadata.name },
    spec: { ...spec, versions: spec.versions.map((each) => ({ ...each, schema })) },
  };
}

interface Case {
  readonly name: string;
  readonly etcd: unknown;
  readonly field: RegExp;
  /** The API server refuses even a word in the status where one of the schema's rules stumbles over the object. */
  readonly condition: boolean;
}

const CASES: readonly Case[] = [
  { name: "a", etcd: { storage: { size: 5 } }, field: /spec\.etcd\.storage\.size/, condition: true },
  { name: "b", etcd: { replicas: "three" }, field: /spec\.etcd\.replicas/, condition: false },
];

ownedTest(
  "an object stored before its schema changed gets a condition and an event, and stops nobody else",
  async () => {
    await using plane = await privateControlPlane("api");
    using client = steadyClient(plane.connection);
    await client.apply(Definitions, looseDefinition());
    await waitFor(
      "the kind to be served",
      () => client.listAll(TopoServers.resource, { namespace: "default" }),
    );
    for (const { name, etcd } of CASES) {
      const odd = { metadata: { namespace: "default", name }, spec: { etcd } };
      await waitFor(
        "the odd object",
        () => client.create(TopoServers.resource, JSON.parse(JSON.stringify(odd))),
      );
    }
    await installKinds(client);
    await client.apply(TopoServers.resource, {
      metadata: { namespace: "default", name: "good" },
      spec: { etcd: {} },
    });

    await using operator = startOperator(plane.connection, { setUp: addControllers });
    await waitFor(
      "the good one's StatefulSet",
      () => client.find(StatefulSets, { namespace: "default", name: "good" }),
    );
    for (const { name, field, condition } of CASES) {
      const told = async () => {
        const events = await client.listAll(Events, {
          namespace: "default",
          fields: `involvedObject.name=${name}`,
        });
        return events.map((event) => `${event.type} ${event.reason}: ${event.message}`);
      };
      const events = await waitUntil("the event", told, (seen) => seen.length > 0);
      assert.match(events[0] ?? "", /^Warning InvalidSpec: /);
      assert.match(events[0] ?? "", field);
      assert.equal(await client.find(StatefulSets, { namespace: "default", name }), undefined);
      if (!condition) {
        continue;
      }
      const { status } = await client.get(TopoServers.resource, { namespace: "default", name });
      const ready = status?.conditions?.find(({ type }) => type === "Ready");
      assert.equal(`${ready?.status}/${ready?.reason}`, "False/InvalidSpec");
      assert.match(ready?.message ?? "", field);
    }
    await delay(1_000);
    const before = operator.transport.seen.length;
    await delay(6_000);
    assert.deepEqual(
      operator.transport.seen.slice(before),
      [],
      "nothing is tried again before somebody changes it",
    );
  },
);
