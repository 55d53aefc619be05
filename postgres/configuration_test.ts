import assert from "node:assert/strict";
import fc from "fast-check";
import { loadCatalogue } from "./catalogue/catalogue.ts";
import { configurationOf, RELOAD_MARKER, type Sources } from "./configuration.ts";
import { layer, type Layers, type Origin, origins, overlay, valuesOf } from "./layers.ts";
import { parseSettings, settingsOf } from "./settings_file.ts";
import { hashOf, splitSettings } from "./split.ts";

const catalogue = await loadCatalogue("17");
const MB = 1024 ** 2;
const sources: Sources = { clusterName: "shop/app/default/0-inf", resources: {} };
const made = (more: Partial<Sources> = {}) => configurationOf({ ...sources, ...more }, catalogue);

Deno.test("the file of an instance whose pool says little is known to the letter", () => {
  const { text } = made({
    resources: { memoryBytes: 512 * MB, diskBytes: 1024 * MB },
    configMap: [["work_mem", "8MB"], ["Log_Statement", "all"]],
    inline: { work_mem: "9MB", "app.motto": "it's \\ so" },
  });
  assert.equal(text, Deno.readTextFileSync(new URL("fixtures/small.conf", import.meta.url)));
});

Deno.test("what the user says wins, the map over the ConfigMap, and each setting stands once", () => {
  const { layers, text } = made({
    configMap: [["work_mem", "8MB"], ["Fsync", "off"]],
    inline: { WORK_MEM: "9MB" },
    resources: { memoryBytes: 512 * MB },
  });
  assert.deepEqual(layers.get("work_mem"), { value: "9MB", origin: "inline" });
  assert.deepEqual(layers.get("fsync"), { value: "off", origin: "configMap" });
  assert.deepEqual(layers.get("shared_buffers"), { value: "128MB", origin: "sizing" });
  assert.deepEqual(layers.get("wal_level"), { value: "logical", origin: "baseline" });
  assert.equal(text.match(/^work_mem/gm)?.length, 1);
});

Deno.test("the server reads from the file what the layers say", () => {
  const { layers, text } = made({ inline: { "app.motto": "it's \\ so\n#1" } });
  const parsed = parseSettings(text);
  assert.ok(parsed.ok);
  assert.deepEqual(
    [...settingsOf(parsed.entries)].sort(),
    [...valuesOf(layers)].sort(),
  );
});

Deno.test("an older name and today's are one setting", () => {
  const { layers } = made({ configMap: [["work_mem", "1MB"]], inline: { sort_mem: "2MB" } });
  assert.deepEqual(layers.get("work_mem"), { value: "2MB", origin: "inline" });
  assert.equal(layers.has("sort_mem"), false);
});

Deno.test("a change that needs a reload leaves the fingerprint of restarts alone, and the other way round", () => {
  const before = made();
  const reload = made({ inline: { work_mem: "9MB" } });
  assert.equal(reload.restartHash, before.restartHash);
  assert.notEqual(reload.reloadHash, before.reloadHash);
  const restart = made({ inline: { huge_pages: "off" } });
  assert.notEqual(restart.restartHash, before.restartHash);
  assert.equal(restart.reloadHash, before.reloadHash);
});

Deno.test("the server is asked for all that needs a reload, and for the mark of exactly this file", () => {
  const { expected, reloadHash, text } = made({ inline: { work_mem: "9MB", huge_pages: "off" } });
  assert.equal(expected.get("work_mem"), "9MB");
  assert.equal(expected.has("huge_pages"), false);
  assert.equal(expected.get(RELOAD_MARKER), reloadHash);
  assert.ok(text.endsWith(`\n${RELOAD_MARKER} = '${reloadHash}'\n`));
  assert.notEqual(made({ inline: { huge_pages: "off" } }).reloadHash, reloadHash);
});

Deno.test("memory for sorts is shared out among the connections that the user wants", () => {
  const resources = { memoryBytes: 4096 * MB };
  const workMem = (inline: Record<string, string>) =>
    made({ resources, inline }).layers.get("work_mem")?.value;
  assert.equal(workMem({}), "17476kB");
  assert.equal(workMem({ Max_Connections: "600" }), "1747kB");
  assert.equal(workMem({ max_connections: "many" }), "17476kB");
});

Deno.test("the fingerprint is that of sorted lines", () => {
  // printf 'a=1\nb=2\n' | sha256sum
  const digest = "4a73850fde34aad40ff8649b93a66523a5fe744357a3931caea0f10609d0d930";
  assert.equal(hashOf(new Map([["b", "2"], ["a", "1"]])), digest);
});

const names = [...[...catalogue.all()].map(({ name }) => name), "nobody_knows_me", "an.extension"];
const settings = fc.dictionary(fc.constantFrom(...names), fc.string({ maxLength: 5 }));

Deno.test("every setting needs either a restart or a reload", () => {
  fc.assert(fc.property(settings, (given) => {
    const all = valuesOf(layer("inline", Object.entries(given)));
    const { restart, reload } = splitSettings(all, catalogue);
    assert.deepEqual(new Map([...restart, ...reload]), new Map([...restart, ...reload, ...all]));
    assert.equal(restart.size + reload.size, all.size);
  }));
});

Deno.test("what nobody knows needs a restart, as an extension's own settings do", () => {
  const given = ["shared_buffers", "block_size", "nobody_knows_me", "an.extension", "fsync", "work_mem"];
  const { restart, reload } = splitSettings(new Map(given.map((name) => [name, "1"])), catalogue);
  assert.deepEqual([...restart.keys()], given.slice(0, 4));
  assert.deepEqual([...reload.keys()], given.slice(4));
});

Deno.test("layers may be laid together in any grouping", () => {
  const layers: fc.Arbitrary<Layers> = fc.tuple(fc.constantFrom<Origin>(...origins), settings)
    .map(([origin, given]) => layer(origin, Object.entries(given)));
  fc.assert(fc.property(layers, layers, layers, (a, b, c) => {
    assert.deepEqual(overlay(overlay(a, b), c), overlay(a, overlay(b, c)));
    assert.deepEqual(overlay(a, a), a);
  }));
});
