/**
 * Writes the configurations of the webhooks beside this file:
 * `deno run --allow-read=manifests/webhook --allow-write=manifests/webhook manifests/webhook/generate.ts`
 */
import { join } from "node:path";
import { configurationFiles } from "../../webhook/manifests.ts";

const folder = import.meta.dirname;
if (folder === undefined) throw new Error("Cannot write the configurations as this file is not on a disk");

const files = configurationFiles();
for (const { name, content } of files) Deno.writeTextFileSync(join(folder, name), content);
console.log(`${files.length} configurations written`);
