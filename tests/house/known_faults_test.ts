import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

/** Known faults of the operator before us. */
const FAULTS = 36;

function fileOf(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

Deno.test("each known fault of the former operator has an answer, and tests that show it", () => {
  const lines = Deno.readTextFileSync(fileOf("docs/differences-patroni.md")).split("\n");
  const rows = lines.filter((line) => /^\| Q\d+/.test(line)).map((line) => line.split(/(?<!\\)\|/));
  const numbers = rows.map(([, number = ""]) => number.trim());
  assert.deepEqual(numbers, Array.from({ length: FAULTS }, (_, at) => `Q${at + 1}`));
  for (const [, number, , answer = "", shown = ""] of rows) {
    assert.ok(answer.trim().length > 0, `${number} has no answer`);
    const files = [...shown.matchAll(/`([^`]+_test\.ts)`/g)].map(([, path = ""]) => path);
    assert.ok(files.length > 0, `${number} is shown by no test`);
    for (const path of files) assert.ok(Deno.statSync(fileOf(path)).isFile, path);
  }
});
