/**
 * Writes the roles into folders beside this file, those of an installation for one namespace below `single_namespace`:
 * `deno run --allow-read=manifests/rbac --allow-write=manifests/rbac manifests/rbac/generate.ts`
 */
import { dirname, join } from "node:path";
import { rbacTree } from "./files.ts";

const folder = import.meta.dirname;
if (folder === undefined) throw new Error("Cannot write the roles as this file is not on a disk");

const files = rbacTree();
for (const { name, content } of files) {
  const path = join(folder, name);
  Deno.mkdirSync(dirname(path), { recursive: true });
  Deno.writeTextFileSync(path, content);
}
console.log(`${files.length} files written`);
