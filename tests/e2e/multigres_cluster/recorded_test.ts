import assert from "node:assert/strict";
import { TableGroups } from "../../../api/multigres/table_group.ts";
import type { Stores } from "../../../controllers/services.ts";
import { isRecord } from "../../../kube/errors.ts";
import { StorePool } from "../../../topology/etcd/store_pool.ts";
import { freePort } from "../../ground/ports.ts";
import { waitUntil } from "../../ground/wait_for.ts";
import { borrow, type ClusterStage, clusterTest, downToShards } from "../../support/cluster_stage.ts";
import { differences } from "../../support/object_differences.ts";
import { withoutServerDefaults } from "../../support/server_defaults.ts";
import { conditionOf, eventsOf, example, messageOf, password, start } from "./support.ts";

type Json = Readonly<Record<string, unknown>>;

/** What was recorded of the Go operator: objects by kind and name, without what no two runs share. */
async function recorded(file: string): Promise<[key: string, object: Json][]> {
  const url = new URL(`../../fixtures/multigres/recorded/${file}.json`, import.meta.url);
  const objects: unknown = JSON.parse(await Deno.readTextFile(url));
  assert.ok(isRecord(objects));
  return Object.entries(objects).map(([key, object]) => {
    assert.ok(isRecord(object));
    return [key, object];
  });
}

const apiVersions: Readonly<Record<string, string>> = {
  Deployment: "apps/v1",
  StatefulSet: "apps/v1",
  Service: "v1",
  PersistentVolumeClaim: "v1",
};

/** An object as it stands now, in the form of the recording. */
async function live(stage: ClusterStage, key: string): Promise<Json> {
  const [kind = "", name = ""] = key.split("/");
  const apiVersion = apiVersions[kind] ?? "multigres.com/v1alpha1";
  const { ground, namespace } = stage;
  const path = await ground.pathOf({ apiVersion, kind, metadata: { name } }, namespace);
  const object = await ground.get(path);
  assert.ok(isRecord(object), `${key} is not there`);
  const { metadata, spec, status } = object;
  assert.ok(isRecord(metadata));
  const owners = Array.isArray(metadata["ownerReferences"])
    ? metadata["ownerReferences"].filter(isRecord)
    : [];
  return {
    labels: metadata["labels"] ?? {},
    finalizers: metadata["finalizers"],
    owners: owners.map((owner) => `${owner["kind"]}/${owner["name"]}`),
    spec: kind in apiVersions ? withoutServerDefaults(spec) : spec,
    status,
  };
}

/** Texts that tell one run from another. */
function neutral(value: Json, stage: ClusterStage, file: string): Json {
  const port = /:(\d+)$/.exec(stage.endpoint)?.[1] ?? "";
  const text = JSON.stringify(value)
    .replaceAll(stage.root, `/${file}/global`)
    .replaceAll(`.${stage.namespace}.`, ".NS.")
    .replaceAll(/\.fx-[a-z-]+\./g, ".NS.")
    // The list of the members was left out of the recording.
    .replaceAll(/("ETCD_INITIAL_CLUSTER","value":)"[^"]*"/g, '$1"<text>"')
    .replaceAll(`127.0.0.1:${port}`, "127.0.0.1:22379");
  const parsed: unknown = JSON.parse(text);
  assert.ok(isRecord(parsed));
  return parsed;
}

/** Parts of live objects that were left out of the recordings. */
const unrecorded = [
  // What the API server and Kubernetes' own controllers write.
  /^\S+ \+ \.spec\.(clusterIPs?|ipFamilies|ipFamilyPolicy|strategy|volumeName): /,
  /^StatefulSet\S+ \+ \.spec\.(updateStrategy|podManagementPolicy): /,
  /^PersistentVolumeClaim\S+ \+ \.(owners|finalizers|status): /,
  /^(Deployment|StatefulSet|Service|Shard)\S+ \+ \.(finalizers|status)/,
  // Generations, and words for people.
  /^\S+ \+ \.status\.(observedGeneration|message): /,
  // What the user wrote.
  /^MultigresCluster\S+ \+ \.(spec|owners): /,
];

/** Conditions by type: more of them than before do not shift the others. */
function byType(object: Json): Json {
  const { status } = object;
  if (!isRecord(status) || !Array.isArray(status["conditions"])) return object;
  const conditions = status["conditions"].filter(isRecord)
    .map(({ type, status, reason }) => [String(type), `${status}/${reason}`]);
  return { ...object, status: { ...status, conditions: Object.fromEntries(conditions) } };
}

async function compared(stage: ClusterStage, file: string): Promise<string[]> {
  const found: string[] = [];
  for (const [key, theirs] of await recorded(file)) {
    const ours = byType(neutral(await live(stage, key), stage, file));
    const lines = differences(ours, byType(neutral(theirs, stage, file))).map((line) => `${key} ${line}`);
    found.push(...lines.filter((line) => !unrecorded.some((pattern) => pattern.test(line))));
  }
  return found;
}

/** Row "start-up probe of gateways". */
const gatewayStart = (gateway: string) =>
  `Deployment/${gateway} ~ .spec.template.spec.containers[0].startupProbe.httpGet.path: "/live", "/ready"`;

/** Row "topology that multiadmin uses". */
function topologyOfMultiadmin(name: string): string[] {
  const argument = `Deployment/${name}-multiadmin %s .spec.template.spec.containers[0].args: `;
  const [ours, theirs] = [argument.replace("%s", "+"), argument.replace("%s", "-")];
  return [
    `${ours}--topo-global-server-addresses=http://127.0.0.1:22379`,
    `${ours}--topo-global-root=/${name}/global`,
    `${theirs}--topo-global-server-addresses=${name}-global-topo.NS.svc:2379`,
    `${theirs}--topo-global-root=/multigres/global`,
  ];
}

/** Row "conditions of clusters and topology servers". */
const furtherConditions = (name: string) => [
  `MultigresCluster/${name} + .status.conditions.SpecAccepted: "True/Accepted"`,
  `MultigresCluster/${name} + .status.conditions.TopologyRegistered: "True/Registered"`,
];

/** Exactly what differs on purpose, by the rows of docs/differences.md. */
const onPurpose = [
  {
    name: "minimal",
    differs: [
      ...topologyOfMultiadmin("minimal"),
      gatewayStart("minimal-zone-a-multigateway-0ccc2e8b"),
      ...furtherConditions("minimal"),
    ],
  },
  {
    name: "rich",
    differs: [
      ...topologyOfMultiadmin("rich"),
      ...["rich-east-multigateway-10b65a17", "rich-west-multigateway-d51cbb91"].map(gatewayStart),
      ...furtherConditions("rich"),
    ],
  },
];

for (const { name, differs } of onPurpose) {
  clusterTest(
    `the ${name} cluster has exactly the recorded objects, but for what differs on purpose`,
    async (stage) => {
      await stage.apply(`${password}---\n${await example(name)}`);
      await using _operator = start(stage);
      await stage.untilPhase(name, "Healthy");
      assert.deepEqual((await compared(stage, name)).sort(), [...differs].sort());
    },
  );
}

/** A topology of managed etcds that begins to answer when it is told to. */
function latecomer() {
  const pool = new StorePool();
  const nobody = { endpoints: [`http://127.0.0.1:${freePort()}`] };
  const door = { open: false };
  const stores: Stores = {
    borrow: (connection) => door.open ? borrow(pool, connection) : pool.borrow(nobody),
  };
  return { door, stores };
}

clusterTest(
  "while its own etcd does not answer, a cluster has all recorded objects but no TableGroup, and says why; then it is Healthy within seconds",
  async (stage) => {
    await stage.apply(`${password}---\n${await example("managed_topology")}`);
    const { door, stores } = latecomer();
    await using _operator = start(stage, { setUp: downToShards({ stores }) });
    const gateway = "managed-zone-a-multigateway-fb40fc89";
    const furtherCondition =
      'TopoServer/managed-global-topo + .status.conditions.SpecAccepted: "True/Accepted"';
    const untouched = (line: string) => !line.startsWith("MultigresCluster/managed + .status");
    await waitUntil(
      "the recorded objects to stand",
      async () => (await compared(stage, "managed_topology")).filter(untouched),
      (differs) => JSON.stringify(differs) === JSON.stringify([gatewayStart(gateway), furtherCondition]),
    );
    const waiting = await waitUntil(
      "the cell to serve",
      () => stage.cluster("managed"),
      (seen) => conditionOf(seen, "Available") === "True/AggregatedStatus",
    );
    assert.equal(conditionOf(waiting, "TopologyRegistered"), "False/TopologyWaiting");
    assert.match(messageOf(waiting, "TopologyRegistered"), /cannot be reached/);
    assert.equal(waiting.status?.phase, "Progressing");
    assert.deepEqual(await stage.client.listAll(TableGroups.resource, { namespace: stage.namespace }), []);
    const tell = async () =>
      (await eventsOf(stage, "MultigresCluster", "managed")).map(({ type, reason }) => `${type} ${reason}`);
    const told = await waitUntil(
      "its wait to be told",
      tell,
      (seen) => seen.includes("Normal TopologyWaiting"),
    );
    assert.ok(told.every((each) => each.startsWith("Normal ")), told.join());

    door.open = true;
    const opened = performance.now();
    await stage.untilPhase("managed", "Healthy");
    const seconds = (performance.now() - opened) / 1000;
    assert.ok(seconds < 15, `healthy ${seconds} s after etcd answered`);
  },
);
