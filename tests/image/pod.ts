/** Runs the image as a node would: its file system read-only, its user, its variables, and no more of the machine than that. */
import { join } from "node:path";
import { APP, DENO_DIR, environment, USER } from "../../tools/image/entrypoint.ts";
import { tryProgram } from "../../tools/image/shell.ts";
import { type GuardedProcess, spawnGuarded } from "../ground/guard.ts";

/** Mounts, then the first program, then the second in its place: what the init container does, and the container. */
const script = `
set -e
root=$1 user=$2; shift 2
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=1777 tmpfs "$root${DENO_DIR}"
mount -o remount,bind,ro "$root"
chroot --userspec="$user:$user" --groups="$user" "$root" /bin/deno cache --quiet --no-config --no-remote --no-npm \\
  ${APP}/main.js ${APP}/webhook/worker.js ${APP}/webhook/pki/worker.js
exec chroot --userspec="$user:$user" --groups="$user" "$root" "$@"
`;

export interface PodOptions {
  /** The unpacked file system. */
  readonly root: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly log: string;
}

export function runPod({ root, command, env, log }: PodOptions): GuardedProcess {
  const variables = Object.entries({ ...environment, ...env }).map(([name, value]) => `${name}=${value}`);
  return spawnGuarded({
    program: "env",
    args: [
      "--ignore-environment",
      "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
      ...variables,
      "unshare",
      "--mount",
      "--pid",
      "--fork",
      "--kill-child",
      "sh",
      "-c",
      script,
      "pod",
      root,
      `${USER}`,
      ...command,
    ],
    log,
  });
}

/** Unpacks a layout; umoci reads layers that gzip compressed, so they are compressed once more. */
export async function unpack(layout: string, tag: string, folder: string): Promise<string> {
  const plain = join(folder, "plain");
  const bundle = join(folder, "unpacked");
  await run("skopeo", "copy", "--quiet", "--dest-decompress", `oci:${layout}:${tag}`, `dir:${plain}.dir`);
  await run("skopeo", "copy", "--quiet", `dir:${plain}.dir`, `oci:${plain}:${tag}`);
  await run("umoci", "unpack", "--rootless", `--image=${plain}:${tag}`, bundle);
  return join(bundle, "rootfs");
}

async function run(...command: string[]): Promise<void> {
  const { success, stderr } = await tryProgram(...command);
  if (!success) throw new Error(`Cannot ${command.slice(0, 2).join(" ")}: ${stderr.trim()}`);
}
