/** promtool, which judges rules and queries: one on the PATH, or that of Debian's package `prometheus`, unpacked and not installed. */
import { join } from "node:path";
import { cacheRoot, isFile } from "./binaries.ts";
import { type Progress, underLock } from "./build.ts";
import { spawnGuarded, temporaryFolder } from "./guard.ts";

/** Any version knows what is used here; a newer package is unpacked only where none is yet. */
const FOLDER = "promtool-debian";

/** Needs the lists of packages that `apt-get update` brings, and no rights. */
const unpack = 'cd "$1" && apt-get download prometheus && dpkg-deb -x prometheus_*.deb package';

/**
 * Path of the program.
 * @throws Error with the words of apt when the package cannot be had
 */
export async function ensurePromtool(progress: Progress): Promise<string> {
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    const path = join(folder, "promtool");
    if (folder !== "" && await isFile(path)) return path;
  }
  const program = join(cacheRoot(), FOLDER, "promtool");
  if (await isFile(program)) return program;
  await Deno.mkdir(join(cacheRoot(), FOLDER), { recursive: true });
  await underLock(join(cacheRoot(), `${FOLDER}.lock`), progress, async () => {
    if (await isFile(program)) return;
    progress("Unpacking promtool from the package prometheus (about 19 MB) ...");
    await using scratch = await temporaryFolder("matriarch-promtool-");
    const log = join(scratch.path, "log");
    const { success } = await spawnGuarded({
      program: "sh",
      args: ["-c", unpack, "unpack", scratch.path],
      log,
    }).ended;
    if (!success) {
      throw new Error(
        "Cannot unpack promtool from the package prometheus; put promtool on the PATH, or run apt-get update:\n" +
          await Deno.readTextFile(log),
      );
    }
    await Deno.copyFile(join(scratch.path, "package", "usr", "bin", "promtool"), `${program}.partial`);
    // The name appears only when the content is complete.
    await Deno.rename(`${program}.partial`, program);
  });
  return program;
}
