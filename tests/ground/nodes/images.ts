/** Images for the pods of real nodes: made once from packages of Debian, kept beside the programs, given to every node. */
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { PERMISSIONS_IMAGE, SPILO_IMAGES } from "../../../controllers/postgres_cluster/images.ts";
import { cacheRoot, isFile } from "../binaries.ts";
import { type Progress, underLock } from "../build.ts";
import { spawnGuarded, temporaryFolder } from "../guard.ts";
import { ensurePostgresTools } from "../postgres.ts";
import { HELPER_IMAGE } from "./addons.ts";
import { SANDBOX_IMAGE } from "./configuration.ts";
import { shell } from "./shell.ts";

/** Goes into `spec.pgbouncer.image`. */
export const POOLER_IMAGE = "matriarch.test/pgbouncer:1";

interface Image {
  /** As in a reference to pull it, with nothing left to be guessed. */
  readonly name: string;
  readonly command: readonly string[];
  /** Present where a newer server is in it besides the one that all have. */
  readonly newer?: true;
}

/** Major version of the server that upgrades arrive at. */
const NEWER = "17";

const forever = ["/bin/sleep", "infinity"];

/** All of one file system, and one with a layer more. The operator's own pins are names here, so that its pods run as they are. */
const images: readonly Image[] = [
  { name: SPILO_IMAGES["15"], command: ["/scripts/launch.py"] },
  { name: SPILO_IMAGES[NEWER], command: ["/scripts/launch.py"], newer: true },
  { name: `docker.io/library/${PERMISSIONS_IMAGE}`, command: ["/bin/sh"] },
  { name: POOLER_IMAGE, command: ["/scripts/pgbouncer.sh"] },
  { name: SANDBOX_IMAGE, command: forever },
  { name: HELPER_IMAGE, command: forever },
];

/** As in the image of Spilo that the operator pins; Debian's own does not tell yet whether a standby streams. */
const PATRONI = "patroni==3.2.2";

const environment = (major: string) => [
  "PYTHONPATH=/opt/patroni",
  `PATH=/usr/lib/postgresql/${major}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
  "HOME=/home/postgres",
  "LANG=C.UTF-8",
];

/** Content does not depend on when it was made. */
const created = "2026-01-01T00:00:00Z";

const recipes = fileURLToPath(new URL("../../images/patroni/", import.meta.url));
const scripts = ["launch.py", "pgbouncer.sh"];

/** The second layer, with the folder of sockets, Patroni and the scripts: `$1` is the folder, `$2` where the
 * scripts are, `$3` the version of Patroni, the rest are names of scripts. */
const packScripts = `
folder=$1 from=$2 patroni=$3; shift 3
mkdir -p "$folder/scripts"
for name in "$@"; do install -m 755 "$from/$name" "$folder/scripts/$name"; done
mkdir -p "$folder/run/postgresql" "$folder/opt/patroni"
python3 -m pip install --quiet --no-deps --no-compile --only-binary=:all: --disable-pip-version-check \\
  --root-user-action=ignore --target "$folder/opt/patroni" "$patroni"
set -- --sort=name --mtime=@0 -C "$folder" -f "$folder/scripts.tar"
tar -c "$@" --owner=0 --group=0 scripts opt
tar -r "$@" --owner=101 --group=103 run/postgresql
rm -r "$folder/scripts" "$folder/run" "$folder/opt"
`;

/** The newer server with all its programs: `$1` is where it was installed, `$2` its major version, `$3` the archive. */
const packNewer = `
tar -c --sort=name --mtime=@0 --owner=0 --group=0 -C "$1" --transform="s,^\\.,usr/lib/postgresql/$2," -f "$3" .
`;

/**
 * Folders of images, each to be packed by `tar` and imported.
 * @throws Error with the words of mmdebstrap when the file system cannot be made
 */
export async function ensureImages(progress: Progress): Promise<string[]> {
  const recipe = await Deno.readTextFile(join(recipes, "rootfs.sh"));
  const base = join(cacheRoot(), `rootfs-${digestOf(recipe)}.tar`);
  const server = dirname(await ensurePostgresTools(progress));
  const texts = await Promise.all(scripts.map((name) => Deno.readTextFile(join(recipes, name))));
  const folder = join(
    cacheRoot(),
    `images-${
      digestOf(
        recipe,
        ...texts,
        packScripts,
        packNewer,
        server,
        JSON.stringify([images.map((image) => configOf(image, [])), PATRONI]),
      )
    }`,
  );
  await Deno.mkdir(cacheRoot(), { recursive: true });
  await underLock(join(cacheRoot(), "images.lock"), progress, async () => {
    if (!await isFile(base)) await makeFileSystem(base, progress);
    if (!await isFile(join(folder, "manifest.json"))) await pack({ base, server }, folder);
  });
  return [folder];
}

function digestOf(...texts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(texts)).digest("hex").slice(0, 16);
}

async function makeFileSystem(path: string, progress: Progress): Promise<void> {
  progress("Making the file system of the images from packages of Debian (about 90 s) ...");
  await using scratch = await temporaryFolder("matriarch-images-");
  const log = join(scratch.path, "log");
  // mmdebstrap tells the format by the end of the name.
  const partial = path.replace(/\.tar$/, ".partial.tar");
  const maker = spawnGuarded({
    program: "sh",
    args: [join(recipes, "rootfs.sh"), partial],
    env: { TMPDIR: scratch.path },
    log,
  });
  if (!(await maker.ended).success) {
    throw new Error(`Cannot make the file system of the images:\n${await Deno.readTextFile(log)}`);
  }
  await Deno.rename(partial, path);
}

/** What layers are made of: the file system of all, and the folder of the newer server. */
interface Parts {
  readonly base: string;
  readonly server: string;
}

/** Puts an archive's content together: a manifest, a configuration for each image, and the layers that all share. */
async function pack({ base, server }: Parts, folder: string): Promise<void> {
  const partial = `${folder}.partial`;
  await Deno.remove(partial, { recursive: true }).catch(() => undefined);
  await Deno.mkdir(partial);
  await shell(packScripts, partial, recipes, PATRONI, ...scripts);
  await shell(packNewer, server, NEWER, join(partial, "newer.tar"));
  await Deno.link(base, join(partial, "base.tar"));
  const digests: string[] = [];
  for (const name of ["base.tar", "scripts.tar", "newer.tar"]) {
    const digest = (await shell('sha256sum "$1"', join(partial, name))).slice(0, 64);
    digests.push(digest);
    await Deno.rename(join(partial, name), join(partial, `${digest}.tar`));
  }
  const manifest = [];
  for (const image of images) {
    const own = image.newer ? digests : digests.slice(0, -1);
    const config = JSON.stringify(configOf(image, own.map((digest) => `sha256:${digest}`)));
    const name = `${createHash("sha256").update(config).digest("hex")}.json`;
    await Deno.writeTextFile(join(partial, name), config);
    manifest.push({ Config: name, RepoTags: [image.name], Layers: own.map((digest) => `${digest}.tar`) });
  }
  await Deno.writeTextFile(join(partial, "manifest.json"), JSON.stringify(manifest));
  await Deno.rename(partial, folder);
}

function configOf({ name, command, newer }: Image, diffs: readonly string[]) {
  const config = {
    Cmd: command,
    Env: environment(newer ? NEWER : "15"),
    WorkingDir: "/",
    Labels: { "matriarch.test/name": name },
  };
  return {
    architecture: "amd64",
    os: "linux",
    created,
    config,
    rootfs: { type: "layers", diff_ids: diffs },
    history: diffs.map(() => ({ created, created_by: "matriarch" })),
  };
}
