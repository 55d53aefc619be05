import assert from "node:assert/strict";
import fc from "fast-check";
import * as z from "zod/mini";
import { perturbed, valid } from "../tests/support/arbitrary_objects.ts";
import { allKinds } from "./crds.ts";
import { describeIssues } from "./schema/problems.ts";
import { long } from "./schema/readers.ts";
import { structuralSchema } from "./schema/structural.ts";
import { anything, mapOf, text } from "./schema/values.ts";

type Schema = z.core.$ZodType;

/** Data as JSON, as the order of fields counts too, or what is wrong with it. */
function read(schema: Schema, value: unknown, context = {}): unknown {
  const result = z.safeParse(schema, value, context);
  if (result.success) return { data: JSON.stringify(result.data) };
  return { problems: describeIssues(result.error.issues, value, ["spec"]) };
}

function assertAgree(schema: Schema, value: unknown): void {
  assert.deepEqual(read(schema, value), read(schema, value, long({})));
}

Deno.test("whatever is read the short way comes out as zod alone reads it, and is refused in the same words", () => {
  for (const { definition } of allKinds) {
    const values = valid(structuralSchema(definition.spec, "spec"));
    const broken = values.chain(perturbed);
    fc.assert(
      fc.property(fc.oneof(values, broken, broken.chain(perturbed)), (value) => {
        assertAgree(definition.spec, value);
      }),
      { numRuns: 150 },
    );
  }
});

Deno.test("names that objects have by themselves are names like any other", () => {
  for (const { definition } of allKinds) {
    for (const text of ['{"__proto__": {}}', '{"constructor": {}}', '{"toString": 1}', "[]", "null", "7"]) {
      assertAgree(definition.spec, JSON.parse(text));
    }
  }
  for (const map of [mapOf(text()), mapOf(anything())]) {
    for (
      const text of ['{"__proto__": "a"}', '{"constructor": "a", "toString": "b"}', '{"constructor": 7}']
    ) {
      assertAgree(map, JSON.parse(text));
    }
  }
});
