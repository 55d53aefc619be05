import assert from "node:assert/strict";
import { ask, reviewOf } from "../tests/support/webhook.ts";
import { isServed } from "./answer.ts";
import { registrations } from "./registrations.ts";
import { parseReview, reviewAnswer } from "./review.ts";

const path = "/validate-multigres-com-v1alpha1-cell";
const cell = { apiVersion: "multigres.com/v1alpha1", kind: "Cell", metadata: { name: "c" } };

Deno.test("what is no review is answered with 400, in the form of a review, and with its uid where it has one", async () => {
  const bodies: readonly unknown[] = [
    "",
    "nonsense",
    "[]",
    "null",
    {},
    { kind: "AdmissionReview", apiVersion: "admission.k8s.io/v1beta1", request: { uid: "u" } },
    { kind: "AdmissionReview", apiVersion: "admission.k8s.io/v1" },
    {
      kind: "AdmissionReview",
      apiVersion: "admission.k8s.io/v1",
      request: { operation: "CREATE", object: {} },
    },
  ];
  for (const body of bodies) {
    const said = await ask(path, body);
    assert.deepEqual([said.status, said.allowed, said.uid], [400, false, ""], JSON.stringify(body));
    assert.match(said.message, /^Cannot review/);
  }
  for (const operation of ["CREATE", "UPDATE", "DELETE", "PATCH", ""]) {
    const said = await ask(path, reviewOf({ operation }));
    assert.deepEqual([said.status, said.allowed], [400, false], operation);
    assert.equal(said.uid, "705ab4f5-6393-11e8-b7cc-42010a800002");
  }
  assert.deepEqual([(await ask(path, reviewOf({ operation: "UPDATE", object: cell }))).status], [400]);
});

Deno.test("a path that is not served is not found", async () => {
  const said = await ask("/elsewhere", reviewOf({ object: cell }));
  assert.deepEqual([said.status, said.allowed, isServed("/elsewhere")], [404, false, false]);
  for (const registration of registrations) assert.ok(isServed(registration.path));
});

Deno.test("names and paths of hooks are distinct, and those that installations know", () => {
  assert.deepEqual(registrations.map(({ name, path }) => `${name} ${path}`), [
    "mmultigrescluster.kb.io /mutate-multigres-com-v1alpha1-multigrescluster",
    "vmultigrescluster.kb.io /validate-multigres-com-v1alpha1-multigrescluster",
    "vcoretemplate.kb.io /validate-multigres-com-v1alpha1-coretemplate",
    "vcelltemplate.kb.io /validate-multigres-com-v1alpha1-celltemplate",
    "vshardtemplate.kb.io /validate-multigres-com-v1alpha1-shardtemplate",
    "vcell.kb.io /validate-multigres-com-v1alpha1-cell",
    "vshard.kb.io /validate-multigres-com-v1alpha1-shard",
    "vtablegroup.kb.io /validate-multigres-com-v1alpha1-tablegroup",
    "vtoposerver.kb.io /validate-multigres-com-v1alpha1-toposerver",
    "validate.postgrescluster.postgres-operator.smoketurner.com /validate",
    "validate.postgresupgrade.postgres-operator.smoketurner.com /validate-upgrade",
  ]);
});

Deno.test("the name is the request's, else the object's, and may be missing when the server is to make one up", () => {
  const named = (name: unknown, metadata: unknown) => {
    const review = reviewOf({ object: { ...cell, metadata } });
    Object.assign(Object(review["request"]), { name });
    const parsed = parseReview(review);
    return parsed.ok ? parsed.request.name : undefined;
  };
  assert.deepEqual([named("a", {}), named(undefined, { name: "b" }), named("", { generateName: "c-" })], [
    "a",
    "b",
    "",
  ]);
});

Deno.test("warnings go out on one line each, and an empty patch is none", () => {
  const answer = reviewAnswer("u", { allowed: true, warnings: ["a\nb\u0000c"], patch: [] });
  assert.deepEqual(answer["response"], { uid: "u", allowed: true, warnings: ["a b c"] });
});

Deno.test("what cannot be known yet is not judged: the server is told to come back", async () => {
  const { Facts } = await import("./facts.ts");
  const facts = new Facts();
  const cluster = {
    apiVersion: "multigres.com/v1alpha1",
    kind: "MultigresCluster",
    metadata: { name: "c" },
    spec: {},
  };
  const asked = () =>
    ask("/validate-multigres-com-v1alpha1-multigrescluster", reviewOf({ object: cluster }), { facts });
  const said = await asked();
  assert.deepEqual([said.allowed, said.code], [false, 503]);
  assert.match(said.message, /has not read all coretemplates, celltemplates, shardtemplates/);
  const waiting = ask("/validate-multigres-com-v1alpha1-multigrescluster", reviewOf({ object: cluster }), {
    facts,
    patience: { unknownMs: 5_000, refusalMs: 0 },
  });
  for (const kind of ["coretemplates", "celltemplates", "shardtemplates"] as const) {
    facts.apply([{ type: "known", kind }]);
  }
  assert.notEqual((await waiting).code, 503);
});

Deno.test("an object so deep that it cannot be compared is refused, and nothing breaks", async () => {
  const deep = (inner: string) => "[".repeat(200_000) + inner + "]".repeat(200_000);
  const object = (inner: string) =>
    `{"apiVersion":"multigres.com/v1alpha1","kind":"MultigresCluster","metadata":{"name":"c"},"spec":{"x":${
      deep(inner)
    }}}`;
  const body = JSON.stringify(reviewOf({ operation: "UPDATE", object: {}, oldObject: {} }))
    .replace('"object":{}', `"object":${object("1")}`).replace(
      '"oldObject":{}',
      `"oldObject":${object("2")}`,
    );
  const said = await ask("/validate-multigres-com-v1alpha1-multigrescluster", body);
  assert.deepEqual([said.status, said.allowed], [200, false]);
});
