import { deepEqual, throws } from "node:assert/strict";
import * as z from "zod/mini";
import { customResourceDefinition } from "./crd.ts";
import { defaulted, optional, required, struct } from "./fields.ts";
import { defineKind } from "./kind.ts";
import { annotate } from "./metadata.ts";
import { structuralSchema } from "./structural.ts";
import {
  anything,
  int32,
  int64,
  intOrString,
  keyedListOf,
  mapOf,
  oneOf,
  quantity,
  setOf,
  text,
  timestamp,
} from "./values.ts";

Deno.test("each builder has its structural form, with properties in alphabetical order", () => {
  const rule = { rule: "self.size() > 0", message: "must not be empty" };
  const schema = struct({
    z: required(text({ min: 1, max: 9, pattern: /^[a-z/]+$/, rules: [rule] }), "Z."),
    a: optional(int32({ min: 0 }), "A."),
    b: optional(int64(), "B."),
    c: optional(timestamp(), "C."),
    d: defaulted(struct({ e: defaulted(oneOf("x", "y"), "x", "E.") }), { e: "y" }, "D."),
    f: optional(setOf(text(), { min: 1, max: 3 }), "F."),
    g: optional(keyedListOf(["h"], struct({ h: required(text(), "H.") }, { atomic: true })), "G."),
    i: optional(mapOf(intOrString(), { max: 4 }), "I."),
    j: optional(anything(), "J."),
  });
  deepEqual(structuralSchema(schema, "spec"), {
    type: "object",
    required: ["z"],
    properties: {
      a: { description: "A.", type: "integer", format: "int32", minimum: 0 },
      b: { description: "B.", type: "integer", format: "int64" },
      c: { description: "C.", type: "string", format: "date-time" },
      d: {
        description: "D.",
        type: "object",
        default: { e: "y" },
        properties: { e: { description: "E.", type: "string", default: "x", enum: ["x", "y"] } },
      },
      f: {
        description: "F.",
        type: "array",
        minItems: 1,
        maxItems: 3,
        items: { type: "string" },
        "x-kubernetes-list-type": "set",
      },
      g: {
        description: "G.",
        type: "array",
        items: {
          type: "object",
          properties: { h: { description: "H.", type: "string" } },
          required: ["h"],
          "x-kubernetes-map-type": "atomic",
        },
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["h"],
      },
      i: {
        description: "I.",
        type: "object",
        maxProperties: 4,
        additionalProperties: {
          anyOf: [{ type: "integer" }, { type: "string" }],
          "x-kubernetes-int-or-string": true,
        },
      },
      j: { description: "J.", "x-kubernetes-preserve-unknown-fields": true },
      z: {
        description: "Z.",
        type: "string",
        minLength: 1,
        maxLength: 9,
        pattern: "^[a-z/]+$",
        "x-kubernetes-validations": [rule],
      },
    },
  });
});

Deno.test("one field in two places keeps a description of its own in each", () => {
  const shared = quantity();
  const part = struct({ cpu: required(shared, "Cores."), memory: required(shared, "Bytes.") });
  const { properties } = structuralSchema(
    struct({ part: required(part, "Part."), disk: required(shared, "Disk.") }),
    "s",
  );
  deepEqual(properties?.["disk"]?.description, "Disk.");
  deepEqual(properties?.["part"]?.properties?.["cpu"]?.description, "Cores.");
  deepEqual(properties?.["part"]?.properties?.["memory"]?.description, "Bytes.");
});

Deno.test("a field without a description, or without a structural form, stops the generation", () => {
  throws(() => structuralSchema(struct({ a: required(text(), " ") }), "spec"), /spec\.a .*no description/);
  throws(
    () => structuralSchema(struct({ a: required(z.union([text(), int32()]), "A.") }), "spec"),
    /union of spec\.a/,
  );
  throws(() => structuralSchema(annotate(text(), { "x-odd": 1 }), "spec"), /x-odd of spec/);
});

Deno.test("a kind without status has no subresource, and no column unless told", () => {
  const spec = struct({ a: optional(text(), "A.") });
  const plain = defineKind({
    group: "example.com",
    version: "v1",
    kind: "Thing",
    plural: "things",
    singular: "thing",
    description: "A thing.",
    spec,
    specDescription: "What is wanted.",
    specOptional: true,
  });
  const definition = customResourceDefinition(plain);
  deepEqual(definition.metadata, { name: "things.example.com" });
  deepEqual(definition.spec.versions.map((version) => Object.keys(version)), [[
    "name",
    "served",
    "storage",
    "schema",
  ]]);
  deepEqual(Object.keys(definition.spec.versions[0]?.schema.openAPIV3Schema.properties ?? {}), [
    "apiVersion",
    "kind",
    "metadata",
    "spec",
  ]);
});
