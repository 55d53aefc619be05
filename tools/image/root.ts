/** The file system of the image: Deno, the libraries it is linked to, the bundle, and nothing that could run besides. */
import { basename, dirname, join } from "node:path";
import { APP, DENO_DIR, USER } from "./entrypoint.ts";
import { program } from "./shell.ts";

/** A file that came from this machine, and where it lies in the image. */
export interface Carried {
  readonly from: string;
  readonly to: string;
}

/** So that names of hosts are looked up in `/etc/hosts`, then in the cluster's DNS. */
const texts: Readonly<Record<string, string>> = {
  "etc/passwd": `matriarch:x:${USER}:${USER}::/:/none\n`,
  "etc/group": `matriarch:x:${USER}:\n`,
  "etc/nsswitch.conf": "hosts: files dns\n",
};

/** Mount points: a read-only root has to have them. */
const folders = [DENO_DIR, "/dev", "/proc", "/sys", "/tmp", "/var/run/secrets"];

/** Deno and its libraries, as the loader finds them. @throws Error when ldd fails. */
export async function runtimeFiles(deno: string): Promise<Carried[]> {
  const listed = await program("ldd", deno);
  const libraries = [...listed.matchAll(/(\/\S+) \(0x/g)].map(([, path = ""]) => path);
  return [{ from: deno, to: "/bin/deno" }, ...libraries.map((path) => ({ from: path, to: path }))];
}

/**
 * Writes the file system into an empty folder. Times, owners and modes do not depend on the machine.
 * @param bundle folder with `main.js`
 */
export async function writeRoot(root: string, bundle: string, carried: readonly Carried[]): Promise<void> {
  for (const folder of folders) await Deno.mkdir(join(root, folder), { recursive: true });
  for (const [name, text] of Object.entries(texts)) await write(join(root, name), text);
  for (const { from, to } of carried) {
    await Deno.mkdir(dirname(join(root, to)), { recursive: true });
    await Deno.copyFile(from, join(root, to));
  }
  for (const path of await filesBelow(bundle)) {
    await write(join(root, APP, path), await Deno.readTextFile(join(bundle, path)));
  }
  await settle(root, carried);
}

async function write(path: string, text: string): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.writeTextFile(path, text);
}

async function settle(root: string, carried: readonly Carried[]): Promise<void> {
  const runs = new Set(carried.map(({ to }) => join(root, to)));
  const epoch = new Date(0);
  for (const path of (await filesBelow(root, true)).sort().reverse()) {
    const full = join(root, path);
    const { isDirectory } = await Deno.stat(full);
    await Deno.chmod(full, isDirectory || runs.has(full) ? 0o755 : 0o644);
    await Deno.utime(full, epoch, epoch);
  }
  await Deno.chmod(root, 0o755);
  await Deno.utime(root, epoch, epoch);
}

/** Paths relative to the folder. */
export async function filesBelow(folder: string, withFolders = false): Promise<string[]> {
  const paths: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    if (!entry.isDirectory) {
      paths.push(entry.name);
      continue;
    }
    if (withFolders) paths.push(entry.name);
    const below = await filesBelow(join(folder, entry.name), withFolders);
    paths.push(...below.map((path) => join(entry.name, path)));
  }
  return paths.sort();
}

/** Name of a library without what tells its version: `libc.so.6` is `libc`. */
export function libraryName(path: string): string {
  return basename(path).replace(/\.so.*$/, "");
}
