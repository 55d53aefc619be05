/** Requests as a stranger might send them to the webhook: reviews made from the schemas, damaged ones, and no reviews at all. */
import fc from "fast-check";
import { isRecord } from "../../kube/errors.ts";
import { registrations } from "../../webhook/registrations.ts";
import { clusterSpecs, templateSpecs } from "./arbitrary_clusters.ts";
import { namespace, operatorName, reviewOf } from "./webhook.ts";

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

/** Where a request goes, and its body. */
export const requests: fc.Arbitrary<{ readonly path: string; readonly text: string }> = fc.oneof(
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

/**
 * What is wrong with an answer; undefined when it is the answer to a review, or tells properly that there was none.
 * @param status of HTTP
 */
export function objectionToAnswer(status: number, text: string): string | undefined {
  if (status !== 200 && status !== 400) return `status ${status}`;
  const body: unknown = JSON.parse(text);
  if (!isRecord(body) || body["kind"] !== "AdmissionReview" || !isRecord(body["response"])) return text;
  const { allowed, status: verdict } = body["response"];
  if (typeof allowed !== "boolean") return text;
  return isRecord(verdict) && verdict["code"] === 500 ? String(verdict["message"]) : undefined;
}
