import assert from "node:assert/strict";
import { compareApply, standsAlready } from "./apply_diff.ts";

const labels = { "f:metadata": { "f:labels": { "f:a": {}, "f:b": {} } } };

function verdict(desired: Record<string, unknown>, live: Record<string, unknown>, owned: object) {
  const tree = JSON.parse(JSON.stringify(owned));
  return compareApply({ apiVersion: "v1", kind: "Thing", ...desired }, live, tree).verdict;
}

Deno.test("fields that others added do not matter", () => {
  const live = {
    metadata: { name: "x", labels: { a: "1", b: "2", theirs: "3" }, uid: "u" },
    status: { n: 1 },
  };
  assert.equal(verdict({ metadata: { name: "x", labels: { a: "1", b: "2" } } }, live, labels), "same");
});

Deno.test("a field that is not named any more must be given up", () => {
  const live = { metadata: { name: "x", labels: { a: "1", b: "2" } } };
  assert.equal(verdict({ metadata: { name: "x", labels: { a: "1" } } }, live, labels), "different");
  assert.equal(verdict({ metadata: { name: "x" } }, live, labels), "different");
});

Deno.test("a field with the right value that somebody else owns must be taken over", () => {
  const live = { metadata: { name: "x", labels: { a: "1", b: "2", c: "3" } } };
  assert.equal(
    verdict({ metadata: { name: "x", labels: { a: "1", b: "2", c: "3" } } }, live, labels),
    "different",
  );
});

Deno.test("an object that was never applied is different", () => {
  assert.equal(compareApply({ spec: {} }, { spec: {} }, undefined).verdict, "different");
});

Deno.test("lists merged by key are compared item by item, whatever their order and the server's additions", () => {
  const owned = {
    "f:ports": {
      'k:{"port":80,"protocol":"TCP"}': { ".": {}, "f:name": {}, "f:port": {}, "f:protocol": {} },
      'k:{"port":81,"protocol":"TCP"}': { ".": {}, "f:name": {}, "f:port": {} },
    },
  };
  const live = {
    ports: [
      { name: "two", port: 81, protocol: "TCP", nodePort: 3 },
      { name: "one", port: 80, protocol: "TCP" },
    ],
  };
  const ports = [{ name: "one", port: 80, protocol: "TCP" }, { name: "two", port: 81 }];
  assert.equal(verdict({ ports }, live, owned), "same");
  assert.equal(
    verdict({ ports: [{ name: "one", port: 80 }, { name: "renamed", port: 81 }] }, live, owned),
    "different",
  );
  assert.equal(verdict({ ports: ports.slice(0, 1) }, live, owned), "different");
  assert.equal(verdict({ ports: [...ports, { name: "three", port: 82 }] }, live, owned), "different");
});

Deno.test("an item that is owned as a whole is compared as a whole, such as an owner reference", () => {
  const owned = { "f:owners": { 'k:{"uid":"u"}': {} } };
  const owner = { uid: "u", name: "o", controller: true };
  assert.equal(verdict({ owners: [owner] }, { owners: [{ uid: "t" }, owner] }, owned), "same");
  assert.equal(verdict({ owners: [{ ...owner, name: "p" }] }, { owners: [owner] }, owned), "different");
});

Deno.test("sets are compared as sets", () => {
  const owned = { "f:finalizers": { 'v:"a"': {}, 'v:"b"': {} } };
  assert.equal(verdict({ finalizers: ["b", "a"] }, { finalizers: ["theirs", "a", "b"] }, owned), "same");
  assert.equal(verdict({ finalizers: ["a", "c"] }, { finalizers: ["a", "b", "c"] }, owned), "different");
});

Deno.test("defaults inside a value owned as a whole make it unsure, other values different", () => {
  const owned = { "f:claims": {} };
  const live = { claims: [{ name: "data", mode: "Filesystem" }] };
  assert.equal(verdict({ claims: [{ name: "data" }] }, live, owned), "unsure");
  assert.equal(verdict({ claims: [{ name: "data", mode: "Filesystem" }] }, live, owned), "same");
  assert.equal(verdict({ claims: [{ name: "log" }] }, live, owned), "different");
  assert.equal(verdict({ claims: [] }, live, owned), "different");
});

Deno.test("an empty list that the server does not show may have been dropped by it", () => {
  assert.equal(verdict({ mounts: [] }, {}, { "f:other": {} }), "different");
  assert.equal(verdict({ mounts: [], note: "n" }, { note: "n" }, { "f:note": {} }), "unsure");
});

Deno.test("quantities count as what they mean, but only where quantities stand", () => {
  const owned = { "f:requests": { "f:cpu": {}, "f:memory": {} }, "f:note": {} };
  const live = { requests: { cpu: "500m", memory: "1Gi" }, note: "1Gi" };
  assert.equal(verdict({ requests: { cpu: 0.5, memory: "1024Mi" }, note: "1Gi" }, live, owned), "same");
  assert.equal(verdict({ requests: { cpu: "501m", memory: "1Gi" }, note: "1Gi" }, live, owned), "different");
  assert.equal(
    verdict({ requests: { cpu: "500m", memory: "1Gi" }, note: "1024Mi" }, live, owned),
    "different",
  );
});

Deno.test("what stands may have been made by somebody else, but must be what is named and nothing that is given up", () => {
  const owned = { "f:args": {}, "f:env": { 'k:{"name":"A"}': { ".": {}, "f:name": {}, "f:value": {} } } };
  const live = {
    args: ["x"],
    env: [{ name: "A", value: "1" }],
    imagePullPolicy: "Always",
    probe: { path: "/a", port: 1 },
  };
  const same = { args: ["x"], env: [{ name: "A", value: "1" }], imagePullPolicy: "Always" };
  assert.ok(standsAlready(same, live, owned));
  assert.ok(standsAlready({ ...same, probe: { path: "/a", port: 1 } }, live, owned));
  assert.ok(!standsAlready({ ...same, imagePullPolicy: "Never" }, live, owned), "another value");
  assert.ok(!standsAlready({ ...same, probe: { path: "/a" } }, live, owned), "a doubt");
  assert.ok(!standsAlready({ ...same, args: ["x", "y"] }, live, owned), "a longer list");
  assert.ok(!standsAlready({ args: ["x"] }, live, owned), "a field that is given up");
  assert.ok(!standsAlready(same, live, undefined), "nobody applied it in this name");
});
