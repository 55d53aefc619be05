import assert from "node:assert/strict";
import { posix } from "node:path";
import { isRecord } from "../ground/json.ts";
import { groupOf } from "../runner/groups.ts";
import { readFiles, repository, type SourceFile } from "./files.ts";

/** From the top floor down. An import leads to the same floor or to one below. */
const floors = [
  "main.ts",
  "plugin.ts",
  "plugin",
  "cli",
  "controllers",
  "webhook",
  "certs",
  "resolve",
  "topology",
  "postgres",
  "api",
  "kube",
  "telemetry",
];

const files = await readFiles();
const sources = files.filter((file) => file.path.endsWith(".ts"));

/** What a file imports, exports from, loads on demand, or starts as a Worker. */
function specifiersOf(file: SourceFile): string[] {
  const patterns = [
    /^\s*(?:import|export)\b[^"';]*?\bfrom\s+"([^"]+)"/gm,
    /^\s*import\s+"([^"]+)"/gm,
    /\bimport\(\s*"([^"]+)"/g,
    /\bnew URL\(\s*"(\.[^"]+\.ts)"/g,
  ];
  return patterns.flatMap((pattern) =>
    [...file.text.matchAll(pattern)].map(([, specifier]) => specifier ?? "")
  );
}

function floorOf(path: string): number {
  return floors.indexOf(path.split("/")[0] ?? "");
}

function isProduct(file: SourceFile): boolean {
  return floorOf(file.path) >= 0 && !file.path.endsWith("_test.ts");
}

/** Why an import of a product file is wrong, or undefined. */
function objection(file: SourceFile, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) return undefined;
  const target = posix.join(posix.dirname(file.path), specifier);
  const floor = floorOf(target);
  if (floor < 0) return `${file.path} imports ${target}, which is no part of the product`;
  if (floor < floorOf(file.path)) return `${file.path} imports ${target}, which is above it`;
  return undefined;
}

Deno.test("an import of the product only ever points downwards", () => {
  const product = sources.filter(isProduct);
  assert.ok(product.length > 0);
  assert.deepEqual(
    product.flatMap((file) => specifiersOf(file).map((name) => objection(file, name)).filter(Boolean)),
    [],
  );
});

Deno.test("the check of directions sees what it must see", () => {
  const file = (path: string, text: string) => ({ path, text });
  const seen = (source: SourceFile) => specifiersOf(source).map((name) => objection(source, name));
  assert.deepEqual(seen(file("kube/a.ts", 'import { b } from "../telemetry/b.ts";')), [undefined]);
  assert.match(
    String(seen(file("kube/a.ts", 'import {\n  b,\n} from "../api/b.ts";'))),
    /api\/b.ts, which is above it/,
  );
  assert.match(String(seen(file("api/a.ts", 'export * from "../cli/b.ts";'))), /above it/);
  assert.match(String(seen(file("cli/a.ts", 'await import("../tests/b.ts")'))), /no part of the product/);
  assert.match(
    String(seen(file("certs/a.ts", 'new Worker(new URL("../main.ts", import.meta.url))'))),
    /above it/,
  );
});

Deno.test("packages are imported by their names in the import map alone", async () => {
  const config: unknown = JSON.parse(await Deno.readTextFile(`${repository}/deno.json`));
  const map = isRecord(config) && isRecord(config["imports"]) ? Object.keys(config["imports"]) : [];
  const known = (name: string) =>
    name.startsWith(".") || name.startsWith("node:") ||
    map.some((key) => name === key || name.startsWith(`${key}/`));
  const strangers = sources.filter((file) => !file.path.startsWith("tests/house/"))
    .flatMap((file) =>
      specifiersOf(file).filter((name) => !known(name)).map((name) => `${file.path}: ${name}`)
    );
  assert.deepEqual(strangers, []);
});

Deno.test("every test file belongs to a group that is run", () => {
  const tests = sources.filter((file) =>
    file.path.endsWith("_test.ts") && !file.path.startsWith("tests/bench/")
  );
  const lost = tests.filter((file) => groupOf(repository, `${repository}/${file.path}`) === undefined);
  assert.deepEqual(lost.map((file) => file.path), []);
});
