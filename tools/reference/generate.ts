/**
 * Writes `docs/reference/`, and removes pages of kinds that are no more:
 * `deno run --allow-read=docs --allow-write=docs tools/reference/generate.ts`
 */
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { referencePages } from "./pages.ts";

const folder = fileURLToPath(new URL("../../docs/reference", import.meta.url));
Deno.mkdirSync(folder, { recursive: true });
const pages = referencePages();
const names = new Set(pages.map(({ name }) => name));
for (const { name } of Deno.readDirSync(folder)) if (!names.has(name)) Deno.removeSync(join(folder, name));
for (const { name, content } of pages) Deno.writeTextFileSync(join(folder, name), content);
console.log(`${pages.length} pages of docs/reference written`);
