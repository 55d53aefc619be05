import assert from "node:assert/strict";
import { compareVersions, keyOf, parseKey, Store } from "./store.ts";
import type { KubeObject } from "./types.ts";

interface Thing extends KubeObject {
  spec?: { size: number };
}

function thing(name: string, version: string, more: Partial<KubeObject["metadata"]> = {}): Thing {
  return {
    apiVersion: "v1",
    kind: "Thing",
    metadata: { name, namespace: "a", uid: `uid-${name}`, resourceVersion: version, ...more },
    spec: { size: 1 },
  };
}

function newStore() {
  const store = new Store<Thing>({
    fieldManager: "us",
    indexes: { label: (object) => Object.values(object.metadata.labels ?? {}) },
  });
  const changes: string[] = [];
  store.subscribe((change) => changes.push(`${change.type} ${change.object.metadata.name}`));
  return { store, changes };
}

Deno.test("an older version never replaces a newer one, in whichever order they arrive", () => {
  const { store, changes } = newStore();
  store.put(thing("x", "10"));
  store.put(thing("x", "9"));
  store.put(thing("x", "10"));
  assert.equal(store.get("a/x")?.metadata.resourceVersion, "10");
  assert.deepEqual(changes, ["added x"]);
});

Deno.test("a late deletion of an earlier life leaves its successor alone", () => {
  const { store } = newStore();
  store.put(thing("x", "20", { uid: "second" }));
  assert.equal(store.remove("a/x", "15"), false);
  assert.equal(store.get("a/x")?.metadata.uid, "second");
});

Deno.test("the answer to a write does not bring back what the watch has shown deleted since", () => {
  const { store } = newStore();
  store.progress("", "30");
  store.putWritten(thing("x", "25"));
  assert.equal(store.get("a/x"), undefined);
  store.putWritten(thing("x", "31"));
  assert.notEqual(store.get("a/x"), undefined);
});

Deno.test("indexes follow changes, and forget values that no object has any more", () => {
  const { store } = newStore();
  store.put(thing("x", "1", { labels: { tier: "edge" } }));
  assert.equal(store.find("label", "edge").length, 1);
  store.put(thing("x", "2", { labels: { tier: "core" } }));
  assert.equal(store.find("label", "edge").length, 0);
  store.remove("a/x");
  assert.equal(store.find("label", "core").length, 0);
  assert.throws(() => store.find("colour", "red"), /no.*index|has none/);
});

Deno.test("what is handed out cannot be changed, and carries no managed fields", () => {
  const { store } = newStore();
  store.put(
    thing("x", "1", { managedFields: [{ manager: "us", operation: "Apply", fieldsV1: { "f:spec": {} } }] }),
  );
  const object = store.get("a/x");
  assert.equal(object?.metadata.managedFields, undefined);
  assert.throws(() => Object.assign(object?.spec ?? {}, { size: 2 }), TypeError);
  assert.deepEqual(store.entry("a/x")?.owned.main, { "f:spec": "{}" });
});

Deno.test("texts that objects have in common are shared without changing any of them", () => {
  const { store } = newStore();
  const more = {
    labels: { tier: "a label of more than ten letters" },
    finalizers: ["example.com/first", "b"],
  };
  for (const name of ["x", "y"]) store.put(thing(name, "1", structuredClone(more)));
  for (const name of ["x", "y"]) {
    assert.deepEqual(store.get(`a/${name}`), thing(name, "1", more));
  }
});

Deno.test("what was remembered of an apply ends with the life of the object", () => {
  const { store } = newStore();
  store.put(thing("x", "1"));
  store.remember("a/x", "main", { desired: "d", doubts: "l" });
  store.put(thing("x", "2"));
  assert.equal(store.entry("a/x")?.memos.main?.desired, "d");
  store.put(thing("x", "3", { uid: "another" }));
  assert.equal(store.entry("a/x")?.memos.main, undefined);
});

Deno.test("versions are compared as numbers of any length", () => {
  assert.ok(compareVersions("9", "10") < 0);
  assert.ok(compareVersions("90071992547409931", "90071992547409929") > 0);
  assert.equal(compareVersions("7", "7"), 0);
  assert.ok(compareVersions(undefined, "1") < 0);
});

Deno.test("keys survive the way there and back", () => {
  for (const key of [{ name: "x" }, { namespace: "a", name: "x" }]) {
    assert.deepEqual(parseKey(keyOf(key)), key);
  }
});

Deno.test("an index that is added later covers what is there already, and does not replace one of its name", () => {
  const { store } = newStore();
  store.put(thing("x", "1", { labels: { colour: "red" } }));
  store.addIndexes({ name: ({ metadata }) => [metadata.name], label: () => ["other"] });
  store.put(thing("y", "2"));
  assert.deepEqual(["x", "y"].flatMap((name) => store.find("name", name)).map((each) => each.metadata.name), [
    "x",
    "y",
  ]);
  assert.equal(store.find("label", "red").length, 1);
  assert.equal(store.find("label", "other").length, 0);
  store.remove("a/x");
  assert.deepEqual(store.find("name", "x"), []);
});

Deno.test("what a new version did not change stays what it was, and what it changed does not", () => {
  const { store } = newStore();
  store.put(thing("x", "1"));
  const first = store.get("a/x");
  store.put(thing("x", "2", { labels: { tier: "edge" } }));
  assert.equal(store.get("a/x")?.spec, first?.spec);
  store.put({ ...thing("x", "3"), spec: { size: 2 } });
  assert.deepEqual(store.get("a/x")?.spec, { size: 2 });
  const { spec: _, ...without } = thing("x", "4");
  store.put(without);
  assert.equal(store.get("a/x")?.spec, undefined);
});

Deno.test("an object that was made anew shares nothing with the one before it", () => {
  const { store } = newStore();
  store.put(thing("x", "1"));
  const first = store.get("a/x");
  store.put(thing("x", "2", { uid: "second" }));
  assert.notEqual(store.get("a/x")?.spec, first?.spec);
  assert.deepEqual(store.get("a/x")?.spec, first?.spec);
});
