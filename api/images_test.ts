import assert from "node:assert/strict";
import { defaultImages } from "./images.ts";

Deno.test("every default image is pinned to an exact tag, and none to a digest that nobody looked up", () => {
  const images = defaultImages();
  assert.ok(images.length >= 9);
  for (const image of images) {
    assert.match(image, /^[a-z0-9.-]+(\/[a-z0-9._-]+)*:[a-zA-Z0-9._-]+$/);
    assert.doesNotMatch(image, /:(latest|main|master|stable)$/);
  }
});
