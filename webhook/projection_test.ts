import assert from "node:assert/strict";
import type { KubeObject } from "../kube/types.ts";
import { type FactKind, factKinds } from "./facts.ts";
import { project } from "./projection.ts";

type Json = Record<string, unknown>;

function object(metadata: Json, parts: Json = {}): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Thing",
    metadata: { name: "a", uid: "u", generation: 1, ...metadata },
    ...parts,
  };
}

/** By kind: two versions of an object that reviews take for the same, and one that they do not. */
const versions: Readonly<Record<FactKind, readonly [KubeObject, KubeObject, KubeObject]>> = {
  coretemplates: withSpec(),
  celltemplates: withSpec(),
  shardtemplates: withSpec(),
  multigresclusters: [
    object({ resourceVersion: "1" }, { spec: {}, status: { phase: "Progressing" } }),
    object({ resourceVersion: "2" }, { spec: {}, status: { phase: "Healthy" } }),
    object({ deletionTimestamp: "2026-11-21T12:00:00Z" }, { spec: {} }),
  ],
  postgresclusters: [
    object({}, { spec: { version: "16", replicas: 1 }, status: { phase: "Running", readyReplicas: 0 } }),
    object({}, { spec: { version: "16", replicas: 2 }, status: { phase: "Running", readyReplicas: 1 } }),
    object({}, { spec: { version: "16" }, status: { phase: "Superseded" } }),
  ],
  postgresupgrades: [
    object({}, { spec: { sourceCluster: { name: "c" } }, status: { phase: "Verifying", message: "a" } }),
    object({}, { spec: { sourceCluster: { name: "c" } }, status: { phase: "Verifying", message: "b" } }),
    object({}, { spec: { sourceCluster: { name: "c" } }, status: { phase: "Completed" } }),
  ],
  storageclasses: [
    object({ annotations: { other: "a" } }),
    object({ annotations: { other: "b" } }),
    object({ annotations: { "storageclass.kubernetes.io/is-default-class": "true" } }),
  ],
  nodes: [
    object({ labels: { "topology.kubernetes.io/zone": "a" } }, { status: { beat: 1 } }),
    object({ labels: { "topology.kubernetes.io/zone": "a", other: "b" } }, { status: { beat: 2 } }),
    object({ labels: { "topology.kubernetes.io/zone": "b" } }),
  ],
  namespaces: [
    object({ labels: { env: "test" } }),
    object({ labels: { env: "test", other: "a" } }),
    object({ labels: { env: "production" } }),
  ],
};

function withSpec(): [KubeObject, KubeObject, KubeObject] {
  return [
    object({ labels: {} }, { spec: {} }),
    object({ labels: { a: "b" } }, { spec: {} }),
    object({ generation: 2 }, { spec: { multiorch: {} } }),
  ];
}

Deno.test("what reviews do not look at changes no mark, and what they look at does", () => {
  for (const kind of factKinds) {
    const [one, same, other] = versions[kind].map((version) => project(kind, version).mark);
    assert.equal(one, same, kind);
    assert.notEqual(one, other, kind);
  }
});

Deno.test("an object that was made anew under its name is told anew", () => {
  const [first] = versions.multigresclusters;
  const again = { ...first, metadata: { ...first.metadata, uid: "other" } };
  assert.notEqual(project("multigresclusters", first).mark, project("multigresclusters", again).mark);
});
