/** The bundle of the image, and which packages its code came from. */
import { join } from "node:path";
import { isRecord, listAt } from "../../tests/ground/json.ts";
import { filesBelow } from "./root.ts";
import { program } from "./shell.ts";

/** A package of npm whose code is in the bundle. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
}

/** What is started on its own: the program, and its two threads. The task `bundle` names the same. */
export const entries = ["main.ts", "webhook/worker.ts", "webhook/pki/worker.ts"];

/**
 * Bundles the program.
 * @returns the packages that it consists of, by their source maps, which are not kept
 */
export async function bundleInto(folder: string, repository: string): Promise<BundledPackage[]> {
  const script = 'cd "$1" && shift && exec "$@"';
  await program(
    "sh",
    "-c",
    script,
    "sh",
    repository,
    Deno.execPath(),
    "bundle",
    "--quiet",
    "--minify",
    "--code-splitting",
    "--platform=deno",
    "--sourcemap=external",
    `--outdir=${folder}`,
    ...entries,
  );
  const found = new Map<string, BundledPackage>();
  for (const path of await filesBelow(folder)) {
    if (!path.endsWith(".map")) continue;
    const map: unknown = JSON.parse(await Deno.readTextFile(join(folder, path)));
    for (const source of isRecord(map) ? listAt(map, "sources") : []) {
      const packaged = packageOf(String(source));
      if (packaged !== undefined) found.set(`${packaged.name}@${packaged.version}`, packaged);
    }
    await Deno.remove(join(folder, path));
  }
  return [...found].sort(([a], [b]) => a < b ? -1 : 1).map(([, packaged]) => packaged);
}

/** Of a path below Deno's folder of packages: `.../npm/HOST/@scope/name/1.2.3/lib/file.js`. */
export function packageOf(source: string): BundledPackage | undefined {
  const match = /\/npm\/[^/]+\/((?:@[^/]+\/)?[^/]+)\/(\d+\.\d+\.\d+[^/]*)\//.exec(source);
  const [, name, version] = match ?? [];
  return name === undefined || version === undefined ? undefined : { name, version };
}
