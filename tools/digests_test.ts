import assert from "node:assert/strict";
import { pinned, resolveDigests } from "./digests.ts";

const digest = `sha256:${"0a".repeat(32)}`;

Deno.test("an image is pinned by the digest that its registry names, and keeps its tag for people", async () => {
  const [resolved] = await resolveDigests(["r.example/a:1"], () => Promise.resolve(`${digest}\n`));
  assert.ok(resolved !== undefined);
  assert.equal(pinned(resolved), `r.example/a:1@${digest}`);
});

Deno.test("where a registry cannot be asked, or names no digest, the tag stays and the reason is told", async () => {
  const resolved = await resolveDigests(
    ["r.example/a:1", "r.example/b:1"],
    (image) =>
      image.includes("/a:") ? Promise.reject(new Error("no such host")) : Promise.resolve("sha256:short"),
  );
  assert.deepEqual(resolved, [
    { image: "r.example/a:1", why: "no such host" },
    { image: "r.example/b:1", why: 'its registry named no digest: "sha256:short"' },
  ]);
  assert.deepEqual(resolved.map(pinned), ["r.example/a:1", "r.example/b:1"]);
});
