import { deepEqual, equal } from "node:assert/strict";
import { defaulted, optional, required, struct } from "./fields.ts";
import { defineKind } from "./kind.ts";
import { anything, flag, int32, keyedListOf, mapOf, oneOf, quantity, text, timestamp } from "./values.ts";

const policy = struct({
  whenDeleted: defaulted(oneOf("Retain", "Delete"), "Retain", "Fate of the volume on deletion."),
});
const spec = struct({
  name: required(text({ min: 1, max: 5, pattern: /^[a-z]+$/ }), "Name."),
  replicas: optional(int32({ min: 1, max: 9 }), "Count."),
  amount: optional(quantity(), "Amount."),
  policy: defaulted(policy, {}, "Policy."),
  parts: optional(keyedListOf(["id"], struct({ id: required(text(), "Key.") }), { max: 2 }), "Parts."),
  labels: optional(mapOf(text(), { max: 2 }), "Labels."),
  on: optional(flag(), "Switch."),
  extra: optional(anything(), "Free part."),
});
const status = struct({ since: optional(timestamp(), "Start.") });
const Things = defineKind({
  group: "example.com",
  version: "v1",
  kind: "Thing",
  plural: "things",
  singular: "thing",
  description: "A thing.",
  spec,
  specDescription: "What is wanted.",
  status,
  statusDescription: "What is.",
});

function decode(spec: unknown, rest: Record<string, unknown> = {}): ReturnType<typeof Things.decode> {
  return Things.decode({ metadata: { name: "one" }, spec, ...rest });
}

Deno.test("parts that stay the same are decoded once, and nobody can change the answer", () => {
  const raw = Object.freeze({ name: "abc" });
  const [first, second] = [decode(raw), decode(raw, { status: { since: "2026-01-01T00:00:00Z" } })];
  equal(first.ok && second.ok && first.value.spec === second.value.spec, true);
  equal(first.ok && Object.isFrozen(first.value.spec.policy), true);
  const [free, again] = [decode({ name: "abc" }), decode({ name: "abc" })];
  equal(free.ok && again.ok && free.value.spec === again.value.spec, false);
});

function problems(spec: unknown, rest: Record<string, unknown> = {}): string[] {
  const result = decode(spec, rest);
  return result.ok ? [] : result.problems.map(({ path, message }) => `${path}: ${message}`);
}

Deno.test("a decoded object has its kind, its metadata, and the defaults that were not stored", () => {
  const metadata = { name: "one", labels: { a: "b" }, generation: 3 };
  deepEqual(Things.decode({ metadata, spec: { name: "abc", amount: 2, extra: { deep: [1] } } }), {
    ok: true,
    value: {
      apiVersion: "example.com/v1",
      kind: "Thing",
      metadata,
      spec: { name: "abc", amount: "2", policy: { whenDeleted: "Retain" }, extra: { deep: [1] } },
    },
  });
});

Deno.test("fields that the schema does not know are dropped", () => {
  const result = decode({ name: "abc", newer: 1 }, { status: { since: "2026-01-01T00:00:00Z", newer: 1 } });
  deepEqual(result.ok && [Object.keys(result.value.spec).sort(), result.value.status], [
    ["name", "policy"],
    { since: "2026-01-01T00:00:00Z" },
  ]);
});

Deno.test("every problem is reported with its path, what is asked, and what is there", () => {
  deepEqual(
    problems({
      name: "ABC",
      replicas: 12,
      amount: true,
      policy: { whenDeleted: "Keep" },
      parts: [{ id: "a" }, {}],
      labels: { "a/b": 1 },
      on: "yes",
    }),
    [
      'spec.name: must match /^[a-z]+$/, but it is the string "ABC"',
      "spec.replicas: must be at most 9, but it is the number 12",
      "spec.amount: must be a number or a string, but it is the boolean true",
      'spec.policy.whenDeleted: must be one of Retain, Delete, but it is the string "Keep"',
      "spec.parts[1].id: must be a string, but it is absent",
      'spec.labels["a/b"]: must be a string, but it is the number 1',
      'spec.on: must be true or false, but it is the string "yes"',
    ],
  );
  deepEqual(problems({ name: "" })[0], 'spec.name: must have at least 1 characters, but it is the string ""');
  deepEqual(problems({ name: "a", parts: [{ id: "a" }, { id: "b" }, { id: "c" }] }), [
    "spec.parts: must have at most 2 items, but it is a list",
  ]);
  deepEqual(problems({ name: "a", labels: { a: "", b: "", c: "" } }), [
    "spec.labels: must have at most 2 entries, but it is an object",
  ]);
});

Deno.test("an object of another kind, of no kind, or without a name is refused", () => {
  deepEqual(problems({ name: "a" }, { kind: "Pod" }), ['kind: must be Thing, but it is the string "Pod"']);
  deepEqual(problems({ name: "a" }, { apiVersion: "v1" }), [
    'apiVersion: must be example.com/v1, but it is the string "v1"',
  ]);
  for (const raw of [null, 7, "x", [], {}, { metadata: {} }, { metadata: { name: 1 } }]) {
    equal(Things.decode(raw).ok, false);
  }
});

Deno.test("a missing spec is a problem unless the kind says that it may be missing", () => {
  deepEqual(problems(undefined), ["spec: must be an object, but it is absent"]);
  const Templates = defineKind({
    ...Things.definition,
    spec: struct({ policy: optional(policy, "P.") }),
    specOptional: true,
  });
  const result = Templates.decode({ metadata: { name: "one" } });
  deepEqual(result.ok && result.value.spec, {});
});
