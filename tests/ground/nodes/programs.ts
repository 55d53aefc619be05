/** What real nodes are made of: programs that we build from Go modules, and packages of Debian. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { cacheRoot, isFile, kubernetesFlags, moduleFolder, type Source } from "../binaries.ts";
import { buildProgram, goVersionFor, type Progress, underLock } from "../build.ts";
import { spawnGuarded, temporaryFolder } from "../guard.ts";
import { tryShell } from "./shell.ts";

const kubernetes = (program: string, coldSeconds: number): Source => ({
  module: "node",
  package: `k8s.io/kubernetes/cmd/${program}`,
  ldflags: kubernetesFlags,
  coldSeconds,
});

const sources = {
  "kubelet": kubernetes("kubelet", 160),
  "kube-proxy": kubernetes("kube-proxy", 20),
  "coredns": { module: "coredns", package: ".", ldflags: "-s -w", coldSeconds: 120 },
  "local-path-provisioner": {
    module: "local_path",
    package: "github.com/rancher/local-path-provisioner",
    ldflags: "-s -w",
    coldSeconds: 120,
  },
  "versitygw": {
    module: "versitygw",
    package: "github.com/versity/versitygw/cmd/versitygw",
    ldflags: "-s -w",
    coldSeconds: 120,
  },
} as const satisfies Record<string, Source>;

export type NodeProgram = keyof typeof sources;
export type NodeBinaries = Readonly<Record<NodeProgram, string>>;

/** Programs that Debian has, and the package of each. */
const packages: Readonly<Record<string, string>> = {
  "containerd": "containerd",
  "runc": "runc",
  "/usr/lib/cni/bridge": "containernetworking-plugins",
  "nft": "nftables",
  "iptables": "iptables",
  "conntrack": "conntrack",
  "mmdebstrap": "mmdebstrap",
  "tini": "tini",
  "ip": "iproute2",
  "umoci": "umoci",
  "skopeo": "skopeo",
};

/** Finds or builds the programs of a node; of several runs at once, one builds. */
export async function ensureNodeBinaries(progress: Progress): Promise<NodeBinaries> {
  const names: NodeProgram[] = ["kubelet", "kube-proxy", "coredns", "local-path-provisioner", "versitygw"];
  const folder = join(cacheRoot(), `nodes-${await digest(await goVersionFor(names))}`);
  await Deno.mkdir(folder, { recursive: true });
  await underLock(join(folder, "lock"), progress, async () => {
    for (const name of names) {
      const path = join(folder, name);
      if (!await isFile(path)) await buildProgram(name, sources[name], path, progress);
    }
  });
  const at = (name: NodeProgram) => join(folder, name);
  return {
    "kubelet": at("kubelet"),
    "kube-proxy": at("kube-proxy"),
    "coredns": at("coredns"),
    "local-path-provisioner": at("local-path-provisioner"),
    "versitygw": at("versitygw"),
  };
}

async function digest(goVersion: string): Promise<string> {
  const hash = createHash("sha256").update(goVersion).update(JSON.stringify(sources));
  for (const module of ["node", "coredns", "local_path", "versitygw"]) {
    for (const file of ["go.mod", "go.sum"]) {
      hash.update(await Deno.readFile(join(moduleFolder(module), file)));
    }
  }
  hash.update(await Deno.readFile(join(moduleFolder("coredns"), "main.go")));
  return hash.digest("hex").slice(0, 16);
}

/** Installs what is missing of Debian's packages. @throws Error when apt-get fails, with its words */
export async function ensurePackages(progress: Progress): Promise<void> {
  const missing: string[] = [];
  for (const [program, name] of Object.entries(packages)) {
    if ((await tryShell('command -v "$1"', program)).code !== 0) missing.push(name);
  }
  if (missing.length === 0) return;
  progress(`Installing ${missing.join(", ")} (Debian) ...`);
  await using scratch = await temporaryFolder("matriarch-install-");
  const log = join(scratch.path, "log");
  const install = 'apt-get update && apt-get install -y --no-install-recommends "$@"';
  const { success } = await spawnGuarded({
    program: "sh",
    args: ["-c", install, "sh", ...missing],
    env: { DEBIAN_FRONTEND: "noninteractive" },
    log,
  }).ended;
  if (!success) throw new Error(`Cannot install ${missing.join(", ")}:\n${await Deno.readTextFile(log)}`);
}
