/** Programs that single tests or benchmarks need, each built from its own Go module when it is first asked for. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { cacheRoot, isFile, moduleFolder, type Source } from "./binaries.ts";
import { buildProgram, goVersionFor, type Progress, underLock } from "./build.ts";

/** A program, and what it is built from. */
export interface Tool extends Source {
  readonly name: string;
  /** Files of ours in the module's folder, besides `go.mod` and `go.sum`, that decide what is built. */
  readonly files?: readonly string[];
}

/** Path of the program; of several runs at once, one builds. @throws Error when it cannot be built. */
export async function ensureTool({ name, files = [], ...source }: Tool, progress: Progress): Promise<string> {
  const hash = createHash("sha256").update(await goVersionFor([name])).update(JSON.stringify(source));
  for (const file of ["go.mod", "go.sum", ...files]) {
    hash.update(await Deno.readFile(join(moduleFolder(source.module), file)));
  }
  const folder = join(cacheRoot(), `${name}-${hash.digest("hex").slice(0, 16)}`);
  await Deno.mkdir(folder, { recursive: true });
  const path = join(folder, name);
  await underLock(join(folder, "lock"), progress, async () => {
    if (!await isFile(path)) await buildProgram(name, source, path, progress);
  });
  return path;
}
