import assert from "node:assert/strict";
import { type TopoServer, TopoServers } from "../../api/multigres/topo_server.ts";
import { isRecord } from "../../kube/errors.ts";
import type { Stored } from "../../kube/types.ts";
import { desiredDisruptionBudget } from "./desired_disruption_budget.ts";
import { desiredClientService, desiredHeadlessService } from "./desired_services.ts";
import { desiredStatefulSet } from "./desired_stateful_set.ts";
import recorded from "./recorded_objects.json" with { type: "json" };

const recordedTopoServer = recorded["TopoServer/managed-global-topo"];

/** The TopoServer whose objects were recorded on a real API server, as it comes from there. */
function topoServer(
  spec: object = recordedTopoServer.spec,
  labels?: Record<string, string>,
): TopoServer & Stored {
  const decoded = TopoServers.decode({
    apiVersion: "multigres.com/v1alpha1",
    kind: "TopoServer",
    metadata: {
      ...recordedTopoServer.metadata,
      namespace: "ns",
      ...(labels === undefined ? {} : { labels }),
    },
    spec,
  });
  assert.ok(decoded.ok);
  const { value } = decoded;
  return { ...value, metadata: { ...value.metadata, uid: "u", resourceVersion: "1" } };
}

/** Every field of `ours` that is not in `theirs` with the same value, as `path: ours != theirs`. */
function differences(ours: unknown, theirs: unknown, path = ""): string[] {
  if (Array.isArray(ours)) {
    if (!Array.isArray(theirs) || theirs.length !== ours.length) return [`${path}: another length`];
    return ours.flatMap((item, at) => differences(item, theirs[at], `${path}[${at}]`));
  }
  if (isRecord(ours)) {
    if (!isRecord(theirs)) return [`${path}: missing`];
    return Object.entries(ours).flatMap(([name, value]) =>
      differences(value, theirs[name], `${path}.${name}`)
    );
  }
  return ours === theirs ? [] : [`${path}: ${JSON.stringify(ours)} != ${JSON.stringify(theirs)}`];
}

/** Where we and the record differ: identities that no two runs share, texts left out of the record, and on purpose. */
const EXPECTED = [
  /^\.metadata\.namespace: "ns" != undefined$/,
  /^\.metadata\.ownerReferences\[0\]\.uid: /,
  /^\.spec\.ipFamilyPolicy: "PreferDualStack" != undefined$/,
  /^\.spec\.type: "ClusterIP" != undefined$/,
  /env\[11\]\.value: "managed-global-topo-0=http:.* != "<text>"$/,
];

function unexpected(ours: unknown, theirs: unknown): string[] {
  return differences(ours, theirs).filter((line) => !EXPECTED.some((pattern) => pattern.test(line)));
}

Deno.test("the objects of a TopoServer are those that were recorded", () => {
  const owner = topoServer();
  assert.deepEqual(
    unexpected(desiredStatefulSet(owner, undefined), recorded["StatefulSet/managed-global-topo"]),
    [],
  );
  assert.deepEqual(
    unexpected(desiredClientService(owner, undefined), recorded["Service/managed-global-topo"]),
    [],
  );
  const headless = recorded["Service/managed-global-topo-headless"];
  assert.deepEqual(unexpected(desiredHeadlessService(owner, undefined), headless), []);
});

Deno.test("each member knows the others by their names", () => {
  const set = desiredStatefulSet(topoServer(), undefined);
  const env = set.spec?.template.spec?.containers[0]?.env;
  const peers = [0, 1, 2].map((at) =>
    `managed-global-topo-${at}=http://managed-global-topo-${at}.managed-global-topo-headless.ns.svc.cluster.local:2380`
  );
  assert.equal(env?.find(({ name }) => name === "ETCD_INITIAL_CLUSTER")?.value, peers.join(","));
});

Deno.test("building changes nothing that was handed in, and the same input gives the same objects", () => {
  const owner = topoServer();
  const before = JSON.stringify(owner);
  const first = JSON.stringify(desiredStatefulSet(owner, undefined));
  assert.equal(JSON.stringify(desiredStatefulSet(owner, undefined)), first);
  assert.equal(JSON.stringify(owner), before);
});

Deno.test("the pods of a cell's own etcd are not selected by the global one's Services", () => {
  const shared = { "multigres.com/cluster": "managed" };
  const global = topoServer(undefined, { ...shared, "app.kubernetes.io/component": "global-topo" });
  const local = topoServer(undefined, {
    ...shared,
    "multigres.com/cell": "zone-a",
    "app.kubernetes.io/component": "local-topo",
  });
  const selector = desiredClientService(global, undefined).spec?.selector ?? {};
  const podLabels = desiredStatefulSet(local, undefined).spec?.template.metadata?.labels ?? {};
  assert.ok(Object.entries(selector).some(([key, value]) => podLabels[key] !== value));
});

Deno.test("what nobody may change of a StatefulSet follows the one that stands", () => {
  const standing = {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "managed-global-topo" },
    spec: {
      replicas: 5,
      serviceName: "x",
      selector: { matchLabels: { old: "selector" } },
      template: {},
      volumeClaimTemplates: [{
        metadata: { name: "data" },
        spec: { resources: { requests: { storage: "7Gi" } } },
      }],
    },
  };
  const set = desiredStatefulSet(topoServer(), standing);
  assert.deepEqual(set.spec?.selector.matchLabels, { old: "selector" });
  assert.equal(set.spec?.template.metadata?.labels?.["old"], "selector");
  assert.equal(set.spec?.volumeClaimTemplates?.[0]?.spec?.resources?.requests?.["storage"], "7Gi");
  assert.equal(set.spec?.replicas, 5);
});

Deno.test("what etcd says of its claims goes before what the TopoServer says; deletion never takes them", () => {
  const policy = (spec: object) =>
    desiredStatefulSet(topoServer(spec), undefined).spec?.persistentVolumeClaimRetentionPolicy;
  const keep = { whenDeleted: "Retain", whenScaled: "Retain" };
  const drop = { whenDeleted: "Delete", whenScaled: "Delete" };
  assert.deepEqual(policy({ etcd: {} }), keep);
  assert.deepEqual(policy({ etcd: {}, pvcDeletionPolicy: drop }), { ...keep, whenScaled: "Delete" });
  assert.deepEqual(policy({ etcd: { pvcDeletionPolicy: keep }, pvcDeletionPolicy: drop }), keep);
});

Deno.test("a budget is made from two members on", () => {
  assert.notEqual(desiredDisruptionBudget(topoServer({ etcd: { replicas: 3 } }), undefined), undefined);
  assert.equal(desiredDisruptionBudget(topoServer({ etcd: { replicas: 1 } }), undefined), undefined);
});

Deno.test("a TopoServer made by hand, without labels, stands for itself", () => {
  const set = desiredStatefulSet(topoServer({ etcd: {} }, {}), undefined);
  assert.equal(set.spec?.selector.matchLabels?.["multigres.com/cluster"], "managed-global-topo");
});
