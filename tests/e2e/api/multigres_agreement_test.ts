import assert from "node:assert/strict";
import fc from "fast-check";
import type { Answer } from "../../ground/client.ts";
import { perturbed, valid } from "../../support/arbitrary_objects.ts";
import { constraintsOf } from "../../support/constraints.ts";
import {
  type Finding,
  findingsOf,
  type KindName,
  kindNames,
  kinds,
  Objects,
  schemaOf,
  withKinds,
} from "./multigres_support.ts";

/** Objects of each sort that are tried for each kind. */
const numRuns = 30;

/** The same objects in each run of the tests. Others are tried by changing the number. */
const seed = 1;

/**
 * Not for the decoder: what the server adds when an object is too wrong to try the rules on, and two elements of the same
 * key, as objects with such never reach the operator.
 */
const serverOnly = ["some validation rules were not checked", "Duplicate value"];

/** What the API server found wrong, but for what only it can see: CEL rules. */
function schemaFindings(kind: KindName, answer: Answer): Finding[] {
  const messages = constraintsOf(schemaOf(kind), "").flatMap((constraint) =>
    constraint.split(" rule: ").slice(1)
  );
  return findingsOf(answer).filter(({ message }) =>
    !serverOnly.some((text) => message.includes(text)) && !messages.some((rule) => message.endsWith(rule))
  );
}

function manifestOf(kind: KindName, spec: unknown): Record<string, unknown> {
  return { apiVersion: "multigres.com/v1alpha1", kind, metadata: { name: "any" }, spec };
}

/** Whether the schema lets an object pass, by the API server and by the decoder. */
async function verdicts(
  objects: Objects,
  kind: KindName,
  spec: unknown,
): Promise<{ server: boolean; decoder: boolean }> {
  const manifest = manifestOf(kind, spec);
  const answer = await objects.tryCreate(kind, manifest, "Ignore");
  assert.ok([201, 400, 422].includes(answer.status), JSON.stringify(answer));
  const wrong = answer.status === 400 || schemaFindings(kind, answer).length > 0;
  return { server: !wrong, decoder: kinds[kind].decode(manifest).ok };
}

for (const kind of kindNames) {
  const spec = schemaOf(kind).properties?.["spec"] ?? {};

  Deno.test(`whatever ${kind} the schema allows, both the API server and the decoder take`, (t) =>
    withKinds(t, async (scope) => {
      const objects = new Objects(scope);
      await fc.assert(
        fc.asyncProperty(valid(spec), async (value) => {
          assert.deepEqual(await verdicts(objects, kind, value), { server: true, decoder: true });
        }),
        { numRuns, seed, endOnFailure: true },
      );
    }));

  Deno.test(`where something odd stands in a ${kind}, the API server and the decoder judge alike`, (t) =>
    withKinds(t, async (scope) => {
      const objects = new Objects(scope);
      let refused = 0;
      await fc.assert(
        fc.asyncProperty(valid(spec).chain(perturbed), async (value) => {
          const { server, decoder } = await verdicts(objects, kind, value);
          assert.equal(decoder, server);
          if (!server) refused++;
        }),
        { numRuns, seed, endOnFailure: true },
      );
      assert.ok(refused > numRuns / 8, `only ${refused} of ${numRuns} objects were wrong`);
    }));
}
