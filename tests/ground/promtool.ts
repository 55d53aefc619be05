/**
 * promtool, which judges rules and queries, and the Prometheus beside it: those on the PATH, or those of Debian's package
 * `prometheus`, unpacked and not installed.
 */
import { dirname, join } from "node:path";
import { cacheRoot, isFile } from "./binaries.ts";
import { type Progress, underLock } from "./build.ts";
import { spawnGuarded, temporaryFolder } from "./guard.ts";

/** Any version knows what is used here; a newer package is unpacked only where none is yet. */
const FOLDER = "prometheus-debian";
const PROGRAMS = ["prometheus", "promtool"] as const;

/** Needs the lists of packages that `apt-get update` brings, and no rights. */
const unpack = 'cd "$1" && apt-get download prometheus && dpkg-deb -x prometheus_*.deb package';

/**
 * Path of promtool.
 * @throws Error with the words of apt when the package cannot be had
 */
export async function ensurePromtool(progress: Progress): Promise<string> {
  const installed = (Deno.env.get("PATH") ?? "").split(":").filter((folder) => folder !== "");
  const cached = join(cacheRoot(), FOLDER);
  for (const folder of [...installed, cached]) {
    if (await hasBoth(folder)) return join(folder, "promtool");
  }
  await Deno.mkdir(cached, { recursive: true });
  await underLock(join(cacheRoot(), `${FOLDER}.lock`), progress, async () => {
    if (!await hasBoth(cached)) await unpackInto(cached, progress);
  });
  return join(cached, "promtool");
}

/** Prometheus itself, which stands beside its tool. */
export function prometheusBeside(promtool: string): string {
  return join(dirname(promtool), "prometheus");
}

async function hasBoth(folder: string): Promise<boolean> {
  for (const program of PROGRAMS) {
    if (!await isFile(join(folder, program))) return false;
  }
  return true;
}

async function unpackInto(folder: string, progress: Progress): Promise<void> {
  progress("Unpacking the package prometheus (about 19 MB) ...");
  await using scratch = await temporaryFolder("matriarch-prometheus-");
  const log = join(scratch.path, "log");
  const { success } = await spawnGuarded({ program: "sh", args: ["-c", unpack, "unpack", scratch.path], log })
    .ended;
  if (!success) {
    throw new Error(
      "Cannot unpack the package prometheus; put prometheus and promtool on the PATH, or run apt-get update:\n" +
        await Deno.readTextFile(log),
    );
  }
  for (const program of PROGRAMS) {
    const path = join(folder, program);
    await Deno.copyFile(join(scratch.path, "package", "usr", "bin", program), `${path}.partial`);
    // The name appears only when the content is complete.
    await Deno.rename(`${path}.partial`, path);
  }
}
