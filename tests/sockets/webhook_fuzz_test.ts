import assert from "node:assert/strict";
import fc from "fast-check";
import { isRecord } from "../../kube/errors.ts";
import { registrations } from "../../webhook/registrations.ts";
import { clusterSpecs, templateSpecs } from "../support/arbitrary_clusters.ts";
import { namespace, operatorName, reviewOf } from "../support/webhook.ts";
import { listening, pair, withHost } from "../support/webhook_host.ts";

/** Requests that are sent. */
const numRuns = 3_000;

type Json = Record<string, unknown>;

const specs: fc.Arbitrary<unknown> = fc.oneof(
  clusterSpecs,
  templateSpecs.chain((kinds) =>
    fc.constantFrom({}, ...Object.values(kinds).flatMap((byName) => Object.values(byName)))
  ),
  fc.record({
    version: fc.constantFrom("15", "16.4", "", 17),
    storage: fc.record({ size: fc.constantFrom("1Gi", "lots"), storageClass: fc.constantFrom("a", "b") }),
    replicas: fc.integer(),
    sourceCluster: fc.record({ name: fc.constantFrom("c", "d") }),
    targetVersion: fc.constantFrom("16", "17"),
  }, { requiredKeys: [] }),
  fc.jsonValue(),
);

const subject = fc.record({
  registration: fc.constantFrom(...registrations),
  operation: fc.constantFrom("CREATE", "UPDATE", "DELETE", "CONNECT", "update", ""),
  spec: specs,
  oldSpec: specs,
  status: fc.jsonValue({ maxDepth: 2 }),
  metadata: fc.constantFrom(
    {},
    { annotations: null },
    { annotations: { a: "b" } },
    { deletionTimestamp: 7 },
    null,
    [],
  ),
});

/** A review that a stranger might send, as JSON. */
const reviews = subject.map(({ registration, operation, spec, oldSpec, status, metadata }) => {
  const { kind, group, version } = registration.resource;
  const object = (value: unknown) => ({
    apiVersion: `${group}/${version}`,
    kind,
    metadata: isRecord(metadata) ? { name: "c", namespace, ...metadata } : metadata,
    spec: value,
    status,
  });
  const review = reviewOf({
    operation,
    object: object(spec),
    oldObject: object(oldSpec),
    username: operatorName,
  });
  return { path: registration.path, review: JSON.parse(JSON.stringify(review)) as Json };
});

/** The same with one of its values replaced by another. */
const damaged = fc.tuple(reviews, fc.nat(), fc.jsonValue()).map(([{ path, review }, at, value]) => {
  const places: (readonly [object, string])[] = [];
  const visit = (node: unknown) => {
    if (typeof node !== "object" || node === null) return;
    for (const key of Object.keys(node)) {
      places.push([node, key]);
      visit(Reflect.get(node, key));
    }
  };
  visit(review);
  const [holder, key] = places[at % places.length] ?? [review, "request"];
  Reflect.set(holder, key, value);
  return { path, review };
});

const requests: fc.Arbitrary<{ path: string; text: string }> = fc.oneof(
  { weight: 4, arbitrary: reviews.map(({ path, review }) => ({ path, text: JSON.stringify(review) })) },
  { weight: 4, arbitrary: damaged.map(({ path, review }) => ({ path, text: JSON.stringify(review) })) },
  {
    weight: 1,
    arbitrary: fc.record({
      path: fc.constantFrom(...registrations.map(({ path }) => path)),
      text: fc.string(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(reviews, fc.nat(2_000)).map(([{ path, review }, cut]) => ({
      path,
      text: JSON.stringify(review).slice(0, cut),
    })),
  },
);

Deno.test(`whatever ${numRuns} requests hold, each is answered in the form of a review, and none by accident`, () =>
  withHost({ patience: { unknownMs: 0, refusalMs: 0 } }, async ({ host, send, log }) => {
    host.setCertificate(pair);
    await listening(host);
    let reviewed = 0;
    await fc.assert(
      fc.asyncProperty(requests, async ({ path, text }) => {
        const answer = await send(path, text);
        assert.ok([200, 400].includes(answer.status), String(answer.status));
        const body: unknown = JSON.parse(answer.text);
        assert.ok(isRecord(body) && body["kind"] === "AdmissionReview" && isRecord(body["response"]));
        const { allowed, status } = body["response"];
        assert.equal(typeof allowed, "boolean");
        if (isRecord(status)) assert.notEqual(status["code"], 500, String(status["message"]));
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
