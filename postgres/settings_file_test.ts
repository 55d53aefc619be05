import assert from "node:assert/strict";
import fc from "fast-check";
import { parseSettings, settingsOf, writeLine, writeSettings } from "./settings_file.ts";

/** What a file that is in order sets, as `name=value`. */
function read(text: string): string[] {
  const parsed = parseSettings(text);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.entries.map(({ name, value }) => `${name}=${value}`);
}

function problems(text: string): string[] {
  const parsed = parseSettings(text);
  return parsed.ok ? [] : parsed.problems.map(({ line, message }) => `${line}: ${message}`);
}

Deno.test("settings are read with and without an equals sign, with comments, blanks and Windows line ends", () => {
  const text =
    "# head\n\n  Work_Mem = 8MB # tail\r\nfsync off\nport=1\ncluster_name'x'\n\tauto_explain.Log 5\n";
  assert.deepEqual(read(text), [
    "work_mem=8MB",
    "fsync=off",
    "port=1",
    "cluster_name=x",
    "auto_explain.log=5",
  ]);
});

Deno.test("quoted values may have doubled quotes, escapes, and number signs in them", () => {
  assert.deepEqual(read(String.raw`a 'it''s'`), ["a=it's"]);
  assert.deepEqual(read(String.raw`a 'it\'s \\ \101\t#'`), ["a=it's \\ A\t#"]);
  assert.deepEqual(read("a = ''"), ["a="]);
});

Deno.test("what may stand without quotes is what the server takes", () => {
  for (
    const value of ["on", "Etc/UTC", "en_US.UTF-8", "a-b", "8MB", "-5x", "0x1F", ".5", "5.", "+5.e3", "ä"]
  ) {
    assert.deepEqual(read(`a = ${value}`), [`a=${value}`]);
  }
  for (
    const value of ["pg_catalog.english", "8 MB", "1.5MB", "1e3", "5:3", '"x"', "= 3", "'x'y", "'x", "-c"]
  ) {
    assert.equal(problems(`a = ${value}`).length, 1, value);
  }
});

Deno.test("what is no name of a setting is refused, with its line", () => {
  for (const line of ["a.b.c = 1", "a-b 1", "a-5", "a.5", "a/5", "1a = 1", "= 1", "\fa = 1", '"a" = 1']) {
    assert.match(problems(`ok = 1\n${line}`).join(), /^2: /, line);
  }
});

Deno.test("every problem of a file is told", () => {
  assert.deepEqual(problems("a = 'x\nb\nc = 1").map((problem) => problem.slice(0, 2)), ["1:", "2:"]);
});

Deno.test("a file that leads to others is refused, as nobody could tell what is set", () => {
  for (const word of ["include", "Include_If_Exists", "include_dir"]) {
    assert.match(problems(`${word} 'more.conf'`).join(), /^1: include\w* leads to a file/);
  }
});

Deno.test("an escape that stands for no ASCII character is refused", () => {
  assert.match(problems(String.raw`a = '\303\244'`).join(), /write the character itself/);
  assert.match(problems(String.raw`a = 'x\0'`).join(), /write the character itself/);
});

Deno.test("of two entries of a name the last one counts, whatever the case", () => {
  const parsed = parseSettings("work_mem 1MB\nWORK_MEM 2MB");
  assert.ok(parsed.ok);
  assert.deepEqual([...settingsOf(parsed.entries)], [["work_mem", "2MB"]]);
});

Deno.test("a name or value that no file can hold is never written", () => {
  assert.throws(() => writeLine("a b", "1"), /name cannot stand in a file: a b/);
  assert.throws(() => writeLine("include", "x"), /name cannot stand in a file: include/);
  assert.throws(() => writeLine("a", "x\0"), /code 0/);
});

const name = fc.stringMatching(/^[a-z_][a-z_0-9]{0,12}(\.[a-z_][a-z_0-9]{0,6})?$/)
  .filter((text) => !text.startsWith("include"));
const value = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: fc.constantFrom("'", "\\", "\n", "\r", "\t", "#", "a", "7", " ") }),
).filter((text) => !text.includes("\0"));

Deno.test("what is written is read back as it was, sorted by name", () => {
  fc.assert(fc.property(fc.array(fc.tuple(name, value)), (pairs) => {
    const settings = new Map(pairs);
    const parsed = parseSettings(writeSettings(settings));
    assert.ok(parsed.ok, JSON.stringify(parsed));
    assert.deepEqual(settingsOf(parsed.entries), new Map([...settings].sort()));
    const names = parsed.entries.map((entry) => entry.name);
    assert.deepEqual(names, names.toSorted());
  }));
});

Deno.test("any text at all is read or refused, and never breaks the reader", () => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(..."ab.=' \\\n\r#0-_\0") }), (text) => {
    const parsed = parseSettings(text);
    assert.ok(parsed.ok || parsed.problems.length > 0);
  }));
});
