/**
 * Resolves the default images to digests and writes `dist/release/images.json`: tag to pinned name (`deno task release`).
 * Where a registry cannot be reached it says so, and exits with 1: such a release is not pinned.
 */
import { join } from "node:path";
import { defaultImages } from "../api/images.ts";
import { repository } from "../tests/ground/operator.ts";
import { pinned, resolveDigests } from "./digests.ts";
import { program, requirePrograms } from "./image/shell.ts";

const ask = (image: string) =>
  program("skopeo", "--command-timeout=30s", "inspect", "--format={{.Digest}}", `docker://${image}`);

await requirePrograms("skopeo");
const resolved = await resolveDigests(defaultImages(), ask);
for (const each of resolved) {
  console.log("digest" in each ? pinned(each) : `Cannot pin ${each.image}: ${reason(each.why)}`);
}
const folder = join(repository, "dist", "release");
await Deno.mkdir(folder, { recursive: true });
const names = Object.fromEntries(resolved.map((each) => [each.image, pinned(each)]));
await Deno.writeTextFile(join(folder, "images.json"), JSON.stringify(names, undefined, 2) + "\n");
const open = resolved.filter((each) => !("digest" in each)).length;
console.log(`${resolved.length - open} of ${resolved.length} images are pinned: ${folder}/images.json`);
Deno.exit(open === 0 ? 0 : 1);

/** skopeo says what matters in the message of its last line. */
function reason(text: string): string {
  const line = text.trim().split("\n").at(-1) ?? "";
  return /msg="((?:[^"\\]|\\.)*)"/.exec(line)?.[1]?.replaceAll('\\"', "") ?? line;
}
