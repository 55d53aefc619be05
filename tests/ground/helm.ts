/** Helm, which renders our chart in tests: built from its Go module, as the programs of the control plane are. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { cacheRoot, isFile, moduleFolder, type Source } from "./binaries.ts";
import { buildProgram, goVersionFor, type Progress, underLock } from "./build.ts";

const source: Source = {
  module: "helm",
  package: "helm.sh/helm/v3/cmd/helm",
  ldflags: "-s -w",
  coldSeconds: 240,
};

/** Path of the program; of several runs at once, one builds. @throws Error when it cannot be built. */
export async function ensureHelm(progress: Progress): Promise<string> {
  const hash = createHash("sha256").update(await goVersionFor(["helm"])).update(JSON.stringify(source));
  for (const file of ["go.mod", "go.sum"]) {
    hash.update(await Deno.readFile(join(moduleFolder(source.module), file)));
  }
  const folder = join(cacheRoot(), `helm-${hash.digest("hex").slice(0, 16)}`);
  await Deno.mkdir(folder, { recursive: true });
  const path = join(folder, "helm");
  await underLock(join(folder, "lock"), progress, async () => {
    if (!await isFile(path)) await buildProgram("helm", source, path, progress);
  });
  return path;
}
