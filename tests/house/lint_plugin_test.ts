import assert from "node:assert/strict";
import plugin, { limits } from "./lint_plugin.ts";

function findings(source: string): string[] {
  return Deno.lint.runPlugin(plugin, "example.ts", source).map((found) => found.id);
}

const repeat = (text: string, count: number) => Array.from({ length: count }, () => text).join("\n");

Deno.test("a function with ten ways through it passes, with eleven it does not", () => {
  const withIfs = (count: number) => `function f(a: number) { ${repeat("if (a) a++;", count)} }`;
  assert.deepEqual(findings(withIfs(limits.complexity - 1)), []);
  assert.deepEqual(findings(withIfs(limits.complexity)), ["house/complexity"]);
});

Deno.test("every kind of decision counts, and a switch counts once", () => {
  const kinds = [
    "for (;;) {}",
    "for (const b in a) {}",
    "for (const b of a) {}",
    "while (a) {}",
    "do {} while (a)",
    "try {} catch {}",
    "a ? 1 : 2;",
    "a && 1;",
    "a ?? 1;",
    "switch (a) { case 1: case 2: case 3: default: }",
  ];
  assert.equal(kinds.length, limits.complexity);
  assert.deepEqual(findings(`function f(a) { ${kinds.join("\n")} }`), ["house/complexity"]);
  assert.deepEqual(findings(`function f(a) { ${kinds.slice(1).join("\n")} }`), []);
});

Deno.test("a function inside another is counted on its own", () => {
  const ifs = repeat("if (a) a++;", limits.complexity - 1);
  assert.deepEqual(findings(`class C { m(a: number) { ${ifs}; return (a: number) => { ${ifs} }; } }`), []);
});

Deno.test("four parameters pass, five do not", () => {
  assert.deepEqual(findings("const f = (a, b, c, d) => a;"), []);
  assert.deepEqual(findings("class C { m(a, b, c, d, e) {} }"), ["house/parameters"]);
});

Deno.test("three levels pass, four do not", () => {
  assert.deepEqual(findings("function f(a) { if (a) { for (;;) { while (a) { a(); } } } }"), []);
  assert.deepEqual(findings("function f(a) { if (a) { for (;;) { while (a) { if (a) a(); } } } }"), [
    "house/depth",
  ]);
});

Deno.test("a ladder of else-ifs is one level", () => {
  const ladder =
    "if (a) { a(); } else if (b) { b(); } else if (c) { c(); } else if (d) { d(); } else { e(); }";
  assert.deepEqual(
    findings(`function f() { ${ladder} try { ${ladder} } finally { ${ladder} } }`).filter((id) =>
      id === "house/depth"
    ),
    [],
  );
});
