import assert from "node:assert/strict";
import { images } from "../api/multigres/images.ts";
import {
  availableImages,
  completeSet,
  describeChange,
  effectiveImages,
  imageComponents,
  imageRevision,
  type ImageSet,
  imageSource,
  sameImages,
} from "./image_set.ts";

const set: ImageSet = {
  multiadmin: "a:1",
  multiadminWeb: "w:1",
  multigateway: "g:1",
  multiorch: "o:1",
  multipooler: "p:1",
  postgres: "pg:1",
};

Deno.test("the operator's images are the built-in ones, each replaceable, blanks not counting", () => {
  const available = availableImages({ postgres: "  mine:1 ", multiorch: "  ", multigateway: "" });
  assert.equal(available.postgres, "mine:1");
  for (const component of imageComponents.filter((name) => name !== "postgres")) {
    assert.equal(available[component], images[component]);
  }
});

Deno.test("the user's choice goes before the operator's images, component by component", () => {
  assert.deepEqual(effectiveImages({ postgres: "mine" }, set), { ...set, postgres: "mine" });
  assert.deepEqual(effectiveImages(undefined, set), set);
});

Deno.test("the source tells whether none, some or all images are the user's", () => {
  assert.equal(imageSource(undefined), "defaults");
  assert.equal(imageSource({ imagePullPolicy: "Always" }), "defaults");
  assert.equal(imageSource({ postgres: "mine" }), "mixed");
  const { postgres: _, ...five } = set;
  assert.equal(imageSource(five), "mixed");
  assert.equal(imageSource(set), "explicit");
});

Deno.test("a revision is that of existing installations", () => {
  assert.equal(
    imageRevision({
      multiadmin: "ghcr.io/multigres/multigres:sha-66d2310",
      multiadminWeb: "ghcr.io/multigres/multiadmin-web:sha-64da1ab",
      multigateway: "ghcr.io/multigres/multigres:sha-66d2310",
      multiorch: "ghcr.io/multigres/multigres:sha-66d2310",
      multipooler: "ghcr.io/multigres/multigres:sha-66d2310",
      postgres: "ghcr.io/multigres/pgctld:sha-66d2310",
    }),
    "51818592d94d",
  );
});

Deno.test("every image counts for the revision, their order does not", () => {
  const revisions = imageComponents.map((component) => imageRevision({ ...set, [component]: "other" }));
  assert.equal(new Set([...revisions, imageRevision(set)]).size, imageComponents.length + 1);
  const reversed = effectiveImages(Object.fromEntries(Object.entries(set).reverse()), set);
  assert.equal(imageRevision(reversed), imageRevision(set));
});

Deno.test("a set is complete with six images that are no blanks", () => {
  assert.deepEqual(completeSet(set), set);
  assert.equal(completeSet({ ...set, multiorch: " " }), undefined);
  assert.equal(completeSet({ postgres: "pg:1" }), undefined);
  assert.equal(completeSet(undefined), undefined);
});

Deno.test("a change is told component by component", () => {
  const other = { ...set, postgres: "pg:2", multiorch: "o:2" };
  assert.equal(describeChange(set, other), "multiorch o:1 → o:2, postgres pg:1 → pg:2");
  assert.ok(sameImages(set, { ...set }));
  assert.ok(!sameImages(set, other));
});
