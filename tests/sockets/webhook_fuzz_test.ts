import assert from "node:assert/strict";
import fc from "fast-check";
import { objectionToAnswer, requests } from "../support/arbitrary_reviews.ts";
import { reviewOf } from "../support/webhook.ts";
import { listening, pair, withHost } from "../support/webhook_host.ts";

/** Requests that are sent; `deno task bench strangers` sends 100,000. */
const numRuns = 3_000;

Deno.test(`whatever ${numRuns} requests hold, each is answered in the form of a review, and none by accident`, () =>
  withHost({ patience: { unknownMs: 0, refusalMs: 0 } }, async ({ host, send, log }) => {
    host.setCertificate(pair);
    await listening(host);
    let reviewed = 0;
    await fc.assert(
      fc.asyncProperty(requests, async ({ path, text }) => {
        const answer = await send(path, text);
        assert.equal(objectionToAnswer(answer.status, answer.text), undefined);
        if (answer.status === 200) reviewed += 1;
      }),
      { numRuns },
    );
    assert.ok(reviewed > numRuns / 3, `only ${reviewed} were reviews`);
    assert.equal(host.health(), undefined);
    assert.ok(!log.some((line) => line.includes("worker ended")));
  }));

Deno.test("bodies that are deep, wide or long are answered, each in a moment", () =>
  withHost({}, async ({ host, send }) => {
    host.setCertificate(pair);
    await listening(host);
    const path = "/validate-multigres-com-v1alpha1-multigrescluster";
    const whole = (spec: string) =>
      JSON.stringify(
        reviewOf({
          object: {
            apiVersion: "multigres.com/v1alpha1",
            kind: "MultigresCluster",
            metadata: { name: "c" },
            spec: "SPEC",
          },
        }),
      )
        .replace('"SPEC"', spec);
    const many = <T>(count: number, make: (index: number) => T) =>
      Array.from({ length: count }, (_, index) => make(index));
    const texts = [
      "[".repeat(1_000_000),
      whole("[".repeat(500_000) + "]".repeat(500_000)),
      whole('{"a":'.repeat(300_000) + "1" + "}".repeat(300_000)),
      whole(JSON.stringify({ cells: many(50_000, (index) => ({ name: `c${index}`, zoneId: "z" })) })),
      whole(JSON.stringify({
        postgresPasswordSecretRef: { name: "a", key: "b" },
        cells: many(50, (index) => ({ name: `c${index}`, zoneId: "z" })),
        databases: [{
          name: "postgres",
          default: true,
          tablegroups: many(20, (index) => ({
            name: `g${index}`,
            default: index === 0,
            shards: many(
              32,
              () => ({
                name: "0-inf",
                overrides: { pools: Object.fromEntries(many(8, (at) => [`p${at}`, {}])) },
              }),
            ),
          })),
        }],
      })),
      whole(JSON.stringify({ certCommonName: "x".repeat(6_000_000) })),
    ];
    for (const text of texts) {
      const start = performance.now();
      const answer = await send(path, text);
      const took = performance.now() - start;
      assert.ok([200, 400].includes(answer.status), `${answer.status} for ${text.slice(0, 400)}`);
      assert.ok(took < 5_000, `${took} ms for ${text.slice(0, 400)}`);
    }
    assert.equal(host.health(), undefined);
  }));
