import assert from "node:assert/strict";
import { posix } from "node:path";
import { slug } from "../../tools/reference/slug.ts";
import { readFiles, repository, type SourceFile } from "./files.ts";

const files = await readFiles();
const pages = files.filter(({ path }) => path.endsWith(".md"));

/** Lines of a page that are no code. */
function prose({ text }: SourceFile): string[] {
  let fenced = false;
  return text.split("\n").filter((line) => {
    const fence = /^\s*(```|~~~)/.test(line);
    if (fence) fenced = !fenced;
    return !fence && !fenced;
  });
}

/** Where the relative links of a page lead: to a path of the repository, and an anchor there. */
function linksOf(page: SourceFile): { readonly path: string; readonly anchor: string | undefined }[] {
  const text = prose(page).join("\n").replaceAll(/`[^`]*`/g, "code");
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [path = "", anchor] = target.split("#");
      const to = path === "" ? page.path : posix.join(posix.dirname(page.path), path);
      return { path: to.replace(/\/$/, ""), anchor };
    });
}

/** Anchors of a page, the second of one name with `-1` behind. */
function anchorsOf(page: SourceFile): Set<string> {
  const seen = new Map<string, number>();
  const headings = prose(page).flatMap((line) => /^#{1,6} (.+)$/.exec(line)?.[1] ?? []);
  return new Set(headings.map((heading) => {
    const name = slug(heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1"));
    const count = seen.get(name) ?? 0;
    seen.set(name, count + 1);
    return count === 0 ? name : `${name}-${count}`;
  }));
}

/** Why a link leads nowhere, if so. Folders and pictures are no text files, so the disk is asked. */
async function broken(path: string, anchor: string | undefined): Promise<string | undefined> {
  const info = await Deno.stat(`${repository}/${path}`).catch(() => undefined);
  if (info === undefined) return `${path} is not there`;
  const page = pages.find((each) => each.path === path);
  if (anchor === undefined || page === undefined) return undefined;
  return anchorsOf(page).has(anchor) ? undefined : `${path} has no heading for #${anchor}`;
}

Deno.test("every relative link of every page leads to a file, and to a heading where it names one", async () => {
  const links = pages.flatMap((page) => linksOf(page).map((link) => ({ from: page.path, ...link })));
  assert.ok(links.length > 100, `${links.length} links`);
  const wrong: string[] = [];
  for (const { from, path, anchor } of links) {
    const why = await broken(path, anchor);
    if (why !== undefined) wrong.push(`${from}: ${why}`);
  }
  assert.deepEqual(wrong, []);
});

Deno.test("links are told from code, and headings of one name apart", async () => {
  const text =
    "# A b\n[x](y.md#z) `[not](this)`\n```\n[nor](that)\n# nor this\n```\n## `A` b\n[up](#a-b-1)\n";
  const page = { path: "docs/p.md", text };
  assert.deepEqual(linksOf(page), [
    { path: "docs/y.md", anchor: "z" },
    { path: "docs/p.md", anchor: "a-b-1" },
  ]);
  assert.deepEqual([...anchorsOf(page)], ["a-b", "a-b-1"]);
  assert.equal(await broken("docs/nowhere.md", undefined), "docs/nowhere.md is not there");
  assert.match(await broken("docs/house.md", "nothing") ?? "", /has no heading/);
});
