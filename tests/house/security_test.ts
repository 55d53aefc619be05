import assert from "node:assert/strict";
import { at, isRecord, listAt } from "../ground/json.ts";
import { repository } from "./files.ts";

const page = await Deno.readTextFile(`${repository}/docs/security.md`);
const config: unknown = JSON.parse(await Deno.readTextFile(`${repository}/deno.json`));

/** The cells of the line that begins with a name as code. */
function cellsOf(name: string): string[] | undefined {
  const line = page.split("\n").find((each) => each.startsWith(`| \`${name}\` `));
  return line?.split("|").slice(1, -1).map((cell) => cell.trim());
}

/** What a line of the table has to say of a part of a set. */
function expected(part: unknown, [none, some]: readonly [RegExp, RegExp]): RegExp {
  return part === undefined ? none : some;
}

Deno.test("the page on security tells of every set of permissions what it allows", () => {
  const sets = at(config, "permissions");
  assert.ok(isRecord(sets) && Object.keys(sets).length > 0);
  for (const [name, set] of Object.entries(sets)) {
    const cells = cellsOf(name);
    assert.ok(cells !== undefined, `docs/security.md does not tell of the set ${name}`);
    const [, , net = "", files = "", run = "", env = ""] = cells;
    const wide = at(set, "net") === true;
    assert.match(net, wide ? /^yes/ : expected(at(set, "net"), [/^none$/, /^loopback/]), `${name}: network`);
    assert.match(files, expected(at(set, "read"), [/^none$/, /^reads/]), `${name}: reading`);
    assert.equal(files.includes("writes"), at(set, "write") !== undefined, `${name}: writing`);
    assert.match(run, expected(at(set, "run"), [/^none$/, /^`/]), `${name}: programs`);
    for (const kind of listAt(set, "sys")) assert.ok(page.includes(`\`${kind}\``), `${name}: ${kind}`);
    assert.match(env, expected(at(set, "env", "allow"), [/^none$/, /named/]), `${name}: environment`);
  }
});

Deno.test("the page names no set of permissions that is none, and every thread that has its own", async () => {
  const sets = at(config, "permissions");
  const named = [...page.matchAll(/^\| `([a-z]+)` /gm)].map(([, name = ""]) => name);
  assert.deepEqual(named.sort(), Object.keys(isRecord(sets) ? sets : {}).sort());
  for (const host of ["webhook/host.ts", "webhook/pki/job.ts"]) {
    const text = await Deno.readTextFile(`${repository}/${host}`);
    for (const part of ["env", "ffi", "import", "read", "run", "sys", "write"]) {
      assert.ok(text.includes(`${part}: false,`), `${host}: ${part}`);
    }
  }
  for (const worker of ["webhook/worker.ts", "webhook/pki/worker.ts"]) {
    assert.ok(page.includes(worker), worker);
  }
});
