import assert from "node:assert/strict";
import { isGenerated, linesMatching, readFiles, type SourceFile } from "./files.ts";

/** Long files hide their second topic. */
const mostLines = 500;

const files = await readFiles();
const written = files.filter((file) => !isGenerated(file) && file.path !== "LICENSE");
const sources = written.filter((file) => file.path.endsWith(".ts"));

/** This file names what is forbidden, so it does not look at itself. */
const judged = written.filter((file) => file.path !== "tests/house/text_test.ts");

/** The type `any` where a type stands, and not in a comment. */
const anyType = /^(?!\s*(\*|\/\/)).*(:|<|\bas|,|\|)\s*any\b\s*([;,)>\]=|}]|$)/;

function offences(where: readonly SourceFile[], pattern: RegExp): string[] {
  return where.flatMap((file) => linesMatching(file, pattern));
}

Deno.test(`no source file is longer than ${mostLines} lines`, () => {
  const long = sources.filter((file) => file.text.trimEnd().split("\n").length > mostLines);
  assert.deepEqual(long.map((file) => file.path), []);
});

Deno.test("source files have snake_case names", () => {
  const named = sources.map((file) => file.path).filter((path) =>
    !/^([a-z0-9_]+\/)*[a-z0-9_]+(\.d)?\.ts$/.test(path)
  );
  assert.deepEqual(named, []);
});

Deno.test("nothing gets round the type checker or the linter", () => {
  const typed = sources.filter((file) => judged.includes(file));
  assert.deepEqual(offences(typed, /@ts-(ignore|nocheck|expect-error)|deno-lint-ignore/), []);
  assert.deepEqual(offences(typed, anyType), []);
});

Deno.test("nobody is allowed everything", () => {
  assert.deepEqual(offences(judged, /--allow-all\b|\bdeno\b.*\s-A\b/), []);
});

Deno.test("nothing is left for later", () => {
  assert.deepEqual(
    offences(judged.filter((file) => !file.path.endsWith("go.sum")), /\b(TODO|FIXME|XXX|HACK)\b/),
    [],
  );
});

/** `/home/postgres` and `/tmp/pgpass` are paths of images. */
const machinePaths = /(^|[\s"'`=(:])\/((work|root)\b|home\/(?!postgres\b)\w|Users\/\w|tmp\/(?!pgpass\b)\w)/;

Deno.test("no file names a path of one machine", () => {
  assert.deepEqual(offences(judged, machinePaths), []);
});

Deno.test("no file names the address of a package registry", () => {
  const hosts = [
    "registry.npmjs",
    "npm.jsr.io",
    "jsr.io/",
    "registry.yarnpkg",
    "proxy.golang.org",
    "sum.golang.org",
  ];
  const every = files.filter((file) => file.path !== "tests/house/text_test.ts");
  assert.ok(
    every.some((file) => file.path === "deno.lock") && every.some((file) => file.path.endsWith("go.sum")),
  );
  assert.deepEqual(
    offences(every, new RegExp(hosts.map((host) => host.replaceAll(".", "\\.")).join("|"))),
    [],
  );
});

Deno.test("a forbidden word is found when it is there", () => {
  const line = (text: string) => [{ path: "a.ts", text }];
  assert.deepEqual(offences(line("ok\nlet a: any;"), anyType), [
    "a.ts:2",
  ]);
  assert.deepEqual(offences(line(" * | any | of | these |"), anyType), []);
});
