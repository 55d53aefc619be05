/**
 * What lies outside of the nodes' namespaces goes with us: folders, control groups, routes. A shell stands by until we are
 * gone, however we go, and cleans up; it also holds the lock by which one run at a time has the machine's addresses.
 */
import { TextLineStream } from "./lines.ts";
import type { Progress } from "../build.ts";
import { HOST_LINK, NETWORKS } from "./layout.ts";

/** The folder of each run starts with this, so that the next one finds what a killed one left. */
export const FOLDER_PREFIX = "matriarch-nodes-";

/**
 * `$1` lock, `$2` folder for temporary files, `$3` beginning of names of folders, `$4` interface, the rest: networks.
 *
 * A holder whose guard was killed together with us is found by the folder in its command line. Control groups can be removed
 * only when the last of their processes is gone, so their absence tells that nothing runs any more.
 */
const script = `
exec 9>>"$1"
flock 9
temporary=$2; prefix=$3; link=$4; shift 4
clean() {
  for folder in "$temporary/$prefix"*; do
    [ -d "$folder" ] || continue
    for file in "$folder"/node-*/holder.pid; do
      [ -s "$file" ] || continue
      pid=$(cat "$file")
      if grep -aqF "$folder" "/proc/$pid/cmdline" 2>/dev/null; then kill -KILL "$pid"; fi
    done
  done
  for attempt in $(seq 100); do
    left=
    for group in /sys/fs/cgroup/matriarch-node-* /sys/fs/cgroup/*/matriarch-node-*; do
      [ -d "$group" ] || continue
      find "$group" -depth -type d -exec rmdir {} + 2>/dev/null
      [ -d "$group" ] && left=1
    done
    [ -z "$left" ] && break
    sleep 0.1
  done
  # The kernel takes its time to remove the interfaces of namespaces that are gone.
  ip link del "$link" 2>/dev/null
  for network in "$@"; do ip route del unreachable "$network" metric 4294967295 2>/dev/null; done
  for attempt in 1 2 3 4 5; do
    rm -rf -- "$temporary/$prefix"* 2>/dev/null && break
    sleep 0.3
  done
  rmdir /var/lib/cni /var/lib/kubelet 2>/dev/null
}
clean "$@"
echo locked
read -r _
clean "$@"
`;

/** Keeps the machine for us. Disposing of it cleans up and waits for that. */
export interface Keeper extends AsyncDisposable {
  /** Absolute path of a fresh folder, private to this user. */
  readonly folder: string;
}

/** Waits until no other run has nodes on this machine, clears away what dead ones left, and makes a folder. */
export async function keepMachine(
  lock: string,
  temporary: string,
  progress: Progress,
): Promise<Keeper> {
  const shell = new Deno.Command("sh", {
    args: ["-c", script, "keeper", lock, temporary, FOLDER_PREFIX, HOST_LINK, ...NETWORKS],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
    detached: true,
  }).spawn();
  const waiting = setTimeout(
    () => progress("Waiting for another run that has nodes on this machine ..."),
    3000,
  );
  const lines = shell.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
  for await (const line of lines) {
    if (line === "locked") break;
  }
  clearTimeout(waiting);
  const folder = await Deno.makeTempDir({ dir: temporary, prefix: FOLDER_PREFIX });
  return {
    folder,
    async [Symbol.asyncDispose]() {
      await shell.stdin.close();
      await shell.status;
    },
  };
}
