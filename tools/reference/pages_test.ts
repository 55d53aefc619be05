import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { allKinds } from "../../api/crds.ts";
import type { StructuralSchema } from "../../api/schema/structural.ts";
import { modules, resourceName } from "../../manifests/rbac/rights.ts";
import { referencePages } from "./pages.ts";
import { identity, sharedParts } from "./parts.ts";
import { type Context, rowsOf } from "./rows.ts";
import { slug } from "./slug.ts";

const folder = new URL("../../docs/reference/", import.meta.url);

Deno.test("docs/reference holds what the kinds declare: else run `deno task manifests`", async () => {
  const stored: string[] = [];
  for await (const { name } of Deno.readDir(folder)) stored.push(name);
  const pages = referencePages();
  deepEqual(stored.sort(), pages.map(({ name }) => name).sort());
  for (const { name, content } of pages) {
    ok(await Deno.readTextFile(new URL(name, folder)) === content, `${name} is out of date`);
  }
});

Deno.test("every kind has a page, and the index leads to it", () => {
  const pages = new Map(referencePages().map(({ name, content }) => [name, content]));
  for (const { definition: { kind } } of allKinds) {
    const page = `${kind.toLowerCase()}.md`;
    ok(pages.get("README.md")?.includes(`[${kind}](${page})`), kind);
    match(pages.get(page) ?? "", /^## spec$/m);
  }
});

Deno.test("every right of every module is told, with its reason", () => {
  const page = referencePages().find(({ name }) => name === "rights.md")?.content ?? "";
  const lines = page.split("\n");
  for (const { name, rights } of modules) {
    match(page, new RegExp(`^## ${name}$`, "m"));
    for (const right of rights) {
      const told = lines.filter((line) => line.includes(`\`${resourceName(right)}\``));
      ok(
        told.some((line) => line.includes(`| ${right.verbs.join(", ")} | ${right.why ?? ""} |`)),
        resourceName(right),
      );
    }
  }
});

const address: StructuralSchema = {
  type: "object",
  required: ["host"],
  properties: Object.fromEntries(
    ["host", "port", "zone", "user", "path"].map((
      name,
    ) => [name, { type: "string", description: `The ${name}.` }]),
  ),
};
const plain: Context = { shared: new Map(), linkTo: (title) => `#${slug(title)}`, ignored: () => undefined };

Deno.test("a line tells type, default, values, bounds and rules of a field", () => {
  const schema: StructuralSchema = {
    type: "object",
    required: ["mode"],
    properties: {
      mode: { type: "string", description: "How a | b.", enum: ["a", "b"] },
      count: { type: "integer", default: 3, minimum: 1, maximum: 9, description: "How many." },
      names: {
        type: "array",
        items: { type: "string", pattern: "^a|b$" },
        description: "Names.",
        "x-kubernetes-validations": [{ rule: "size(self) > 0", message: "Name one" }],
      },
    },
  };
  deepEqual(rowsOf(schema, "", plain), [
    { path: "mode", type: "string", preset: "required", text: "How a \\| b.<br>One of `a`, `b`" },
    { path: "count", type: "integer", preset: "`3`", text: "How many.<br>1 to 9" },
    {
      path: "names",
      type: "[]string",
      preset: "",
      text: "Names.<br>Each: Matches `^a\\|b$`<br>Rule: Name one",
    },
  ]);
});

Deno.test("what two places have in common is explained once, and both lead there", () => {
  const schema: StructuralSchema = {
    type: "object",
    properties: {
      from: { ...address, description: "Where from." },
      to: { type: "array", description: "Where to.", items: { ...address, description: "One of them." } },
    },
  };
  const shared = sharedParts([{ kind: "Letter", schema }]);
  deepEqual([...shared.values()].map(({ title }) => title), ["from"]);
  equal(shared.get(identity(address))?.title, "from");
  deepEqual(
    rowsOf(schema, "", { ...plain, shared }).map(({ path, text }) => [path, text]),
    [["from", "Where from.<br>Fields: [from](#from)"], ["to", "Where to.<br>Fields: [from](#from)"]],
  );
});

Deno.test("a part that only ever comes inside another one stays there", () => {
  const letter: StructuralSchema = {
    type: "object",
    properties: { from: address, weight: { type: "number" } },
  };
  const shared = sharedParts([
    { kind: "Box", schema: { type: "object", properties: { first: letter, second: letter } } },
  ]);
  deepEqual([...shared.values()].map(({ title }) => title), ["first"]);
});

Deno.test("two parts of one name in one kind are not mixed up", () => {
  const other: StructuralSchema = { ...address, required: ["port"] };
  const third: StructuralSchema = { ...address, required: ["zone"] };
  const twice = (name: string, part: StructuralSchema): Record<string, StructuralSchema> => ({
    [`${name}1`]: { type: "object", properties: { at: part } },
    [`${name}2`]: { type: "object", properties: { at: part, more: { type: "string" } } },
  });
  const properties = { ...twice("a", address), ...twice("b", other) };
  const titles = [...sharedParts([{ kind: "Box", schema: { type: "object", properties } }]).values()];
  deepEqual(titles.map(({ title }) => title), ["at", "at of Box"]);
  const more = { ...properties, ...twice("c", third) };
  throws(
    () => sharedParts([{ kind: "Box", schema: { type: "object", properties: more } }]),
    /give one another/,
  );
});
