import assert from "node:assert/strict";
import { at, isRecord } from "../ground/json.ts";
import { readFiles, repository } from "./files.ts";

const files = await readFiles();
const paths = new Set(files.map(({ path }) => path));
const folders = new Set([...paths].flatMap((path) => {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, end) => parts.slice(0, end + 1).join("/"));
}));

/** Pages for readers of today. A decision may name what is no more. */
const pages = files.filter(({ path }) =>
  path.endsWith(".md") && (path === "README.md" || path.startsWith("docs/")) &&
  !path.startsWith("docs/decisions/")
);

const codes = pages.flatMap(({ path, text }) =>
  [...text.matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => ({ page: path, code }))
);

Deno.test("files of the repository that pages name are there", () => {
  const named = codes.filter(({ code }) => {
    const [top = ""] = code.split("/");
    return /^[a-z_]+\/[\w./-]+$/.test(code) && folders.has(top) && !/[A-Z]{3}/.test(code);
  });
  assert.ok(named.length > 50, `${named.length} paths`);
  const missing = named.filter(({ code }) => {
    const path = code.replace(/\/$/, "");
    return !paths.has(path) && !folders.has(path);
  });
  assert.deepEqual(missing, []);
});

Deno.test("tasks that pages name are there, and every task is told of", async () => {
  const config: unknown = JSON.parse(await Deno.readTextFile(`${repository}/deno.json`));
  const tasks = at(config, "tasks");
  assert.ok(isRecord(tasks));
  const named = new Set(
    pages.flatMap(({ text }) =>
      [...text.matchAll(/\btask ([a-z]+(?::[a-z]+)*)\b/g)].map(([, name = ""]) => name)
    ),
  );
  const known = Object.keys(tasks);
  const unknown = pages.flatMap(({ path, text }) =>
    [...text.matchAll(/deno(?:@[\d.]+)? task ([a-z]+(?::[a-z]+)*)/g)].map(([, name = ""]) =>
      `${path}: ${name}`
    )
  ).filter((each) => !known.includes(each.split(": ")[1] ?? ""));
  assert.deepEqual(unknown, []);
  assert.deepEqual(known.filter((name) => !named.has(name)), []);
});
