/**
 * A node is a set of namespaces (mounts, network, processes, host name) that one process holds: process 1 of the node. When
 * it dies, every process, mount and interface of the node goes with it, as if the power was cut.
 */
import { join } from "node:path";
import { type GuardedProcess, spawnGuarded } from "../guard.ts";
import { waitFor } from "../wait_for.ts";
import { setUpNetwork } from "./network.ts";
import { namesFile, nodeFolders, nodeName, volumeFolder } from "./layout.ts";
import { shell, tryShell } from "./shell.ts";

/** A node that runs, as everybody may know it. */
export interface Machine {
  /** From 1. */
  readonly index: number;
  /** Of its process 1, in the numbers of this machine. */
  readonly pid: number;
}

/** `nsenter` and its options. `ip netns exec` would hide the control groups. */
export function enter(machine: Pick<Machine, "pid">): string[] {
  return ["nsenter", "-t", `${machine.pid}`, "-m", "-n", "-p", "-u", "--"];
}

/** Runs a script in a node. @throws Error when it fails */
export async function shellIn(
  machine: Pick<Machine, "pid">,
  script: string,
  ...args: string[]
): Promise<string> {
  return await shell('"$@"', ...enter(machine), "sh", "-euc", script, "sh", ...args);
}

/** Starts a program in a node, guarded. */
export function spawnIn(
  machine: Pick<Machine, "pid">,
  program: string,
  args: readonly string[],
  log: string,
): GuardedProcess {
  const [nsenter = "", ...options] = enter(machine);
  return spawnGuarded({ program: nsenter, args: [...options, program, ...args], log });
}

/**
 * Starts what follows in the network of a node, with the names of the cluster, as a pod would see it. It stays a process of
 * this machine with the same number, so that signals reach it.
 */
export function inNetworkOf({ pid }: Pick<Machine, "pid">, folder: string): string[] {
  const script = 'mount --bind "$0" /etc/resolv.conf; exec "$@"';
  const mountsOfItsOwn = ["unshare", "-m", "--propagation=private", "sh", "-euc", script];
  return ["nsenter", "-t", `${pid}`, "-n", "--", ...mountsOfItsOwn, namesFile(folder)];
}

/**
 * The mounts of a node: state of its own where programs expect it, and stand-ins for the settings of the kernel that the
 * kubelet writes, as those are one for the whole machine.
 */
const mounts = `
name=$1 state=$2 configuration=$3 volumes=$4
hostname "$name"
mount --make-rshared /
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /var/lib/kubelet /var/lib/cni "$state/kubelet" "$state/cni" "$state/log" "$state/volumes" "$volumes"
mount --bind "$state/kubelet" /var/lib/kubelet
mount --bind "$state/cni" /var/lib/cni
mount --bind "$state/log" /var/log
mount --bind "$state/volumes" "$volumes"
mkdir -p "$configuration/sysctl"
stand_in() {
  echo "$2" >"$configuration/sysctl/\${1##*/}"
  mount --bind "$configuration/sysctl/\${1##*/}" "/proc/sys/$1"
}
stand_in vm/overcommit_memory 1
stand_in vm/panic_on_oom 0
stand_in kernel/panic 10
stand_in kernel/panic_on_oops 1
`;

/** A group of each kind for the pods of a node. A new set of processors is empty, and nothing would run in it. */
const groups = `
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  mkdir -p "/sys/fs/cgroup/$1"
  for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
    echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control || true
    echo "+$controller" >"/sys/fs/cgroup/$1/cgroup.subtree_control" || true
  done
else
  for kind in /sys/fs/cgroup/*/; do
    [ "$kind" = /sys/fs/cgroup/unified/ ] || mkdir -p "$kind$1"
  done
  for file in cpuset.cpus cpuset.mems; do cat "/sys/fs/cgroup/cpuset/$file" >"/sys/fs/cgroup/cpuset/$1/$file"; done
fi
`;

const NAMESPACES = ["--mount", "--net", "--pid", "--uts", "--fork", "--kill-child", "--mount-proc"];

/** What a node does first: it mounts, has a network of its own, and groups of processes. */
const trial = `
unshare "$@" --propagation=private sh -euc 'mount -t tmpfs tmpfs /run && hostname trial && echo 1 >/proc/sys/net/ipv4/ip_forward'
for kind in /sys/fs/cgroup /sys/fs/cgroup/memory; do
  [ ! -e "$kind/cgroup.procs" ] || { mkdir -p "$kind/matriarch-trial" && rmdir "$kind/matriarch-trial"; }
done
`;

/** Tries whether this machine lets us make nodes. @throws Error with the reason when it does not */
export async function requireNamespaces(): Promise<void> {
  const user = await shell("id -u");
  if (user !== "0") {
    throw new Error(`Cannot make nodes as user ${user}: namespaces and control groups are root's`);
  }
  await shell("[ -e /etc/debian_version ] && command -v apt-get unshare").catch(() => {
    throw new Error("Cannot make nodes on this system: what they are made of are packages of Debian 12");
  });
  const { code, stderr } = await tryShell(trial, ...NAMESPACES);
  if (code !== 0) {
    throw new Error(`Cannot make nodes here, as namespaces or control groups are refused: ${stderr}`);
  }
}

/** Starts process 1 of a node and gives the node its mounts, groups and network. `first` is needed for all but the first. */
export async function startMachine(folder: string, index: number, first?: Machine): Promise<Machine> {
  const { state, configuration } = nodeFolders(folder, index);
  await Deno.mkdir(configuration, { recursive: true });
  const own = join(folder, `node-${index}`);
  const holder = spawnGuarded({
    program: "unshare",
    args: [
      ...NAMESPACES,
      "--propagation=private",
      "tini",
      "-s",
      "--",
      "sh",
      "-c",
      "sleep infinity",
      own,
    ],
    log: join(own, "holder.log"),
  });
  const pid = await waitFor(`process 1 of ${nodeName(index)}`, () => childOf(holder.pid), {
    hopeless: () => holder.running() ? undefined : "unshare has ended: only root may make namespaces",
  });
  await Deno.writeTextFile(join(own, "holder.pid"), `${pid}`);
  const machine = { index, pid };
  await shellIn(machine, mounts, nodeName(index), state, configuration, volumeFolder(folder));
  await shell(groups, nodeName(index));
  await setUpNetwork(machine, first);
  return machine;
}

const findTini = `
for child in $(cat "/proc/$1/task/$1/children"); do
  if [ "$(cat "/proc/$child/comm")" = tini ]; then echo "$child"; exit 0; fi
done
exit 1
`;

/** Process 1 is a child of `unshare`, beside the watcher of its guard, and is there once its name is its own. */
async function childOf(pid: number): Promise<number | undefined> {
  const { code, stdout } = await tryShell(findTini, `${pid}`);
  return code === 0 ? Number(stdout) : undefined;
}

/** The nodes that run now: one that was started again has another process 1. */
export function runningMachines(folder: string, machines: readonly Machine[]): Machine[] {
  return machines.map(({ index }) => {
    const pid = Deno.readTextFileSync(join(folder, `node-${index}`, "holder.pid"));
    return { index, pid: Number(pid) };
  });
}

/** Cuts the power: everything in the node ends at once. Resolves when it is gone. */
export async function killMachine({ pid, index }: Machine): Promise<void> {
  await tryShell('kill -KILL "$1"', `${pid}`);
  await waitFor(
    `${nodeName(index)} to be gone`,
    async () => (await tryShell('kill -0 "$1"', `${pid}`)).code !== 0,
  );
}
