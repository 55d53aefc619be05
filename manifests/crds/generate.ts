/**
 * Writes the CustomResourceDefinitions beside this file, and removes those of kinds that are no more:
 * `deno run --allow-read=manifests/crds --allow-write=manifests/crds manifests/crds/generate.ts`
 */
import { join } from "node:path";
import { customResourceDefinitionFiles } from "../../api/crds.ts";

const folder = import.meta.dirname;
if (folder === undefined) throw new Error("Cannot write the definitions as this file is not on a disk");

const files = customResourceDefinitionFiles();
const names = new Set(files.map(({ name }) => name));
for (const entry of Deno.readDirSync(folder)) {
  const isDefinition = entry.name.endsWith(".yaml") && entry.name !== "kustomization.yaml";
  if (isDefinition && !names.has(entry.name)) Deno.removeSync(join(folder, entry.name));
}
for (const { name, content } of files) Deno.writeTextFileSync(join(folder, name), content);
console.log(`${files.length} definitions written`);
