/**
 * The programs of the proof ground: which there are, from which Go module each is built, and where they are found.
 *
 * `KUBEBUILDER_ASSETS` names a folder with ready programs; what it lacks is built. What is built lands in a cache
 * folder whose name is a digest of everything that decides the result: versions, flags, compiler.
 */
import { join } from "node:path";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";

/** The version that the control plane reports; the same as in `modules/kubernetes/go.mod`. */
export const kubernetesVersion = "v1.36.3";

const [major, minor] = kubernetesVersion.slice(1).split(".");
const versionPackage = "k8s.io/component-base/version";
/** Flags for the linker, so that programs of Kubernetes know their version. */
export const kubernetesFlags = [
  "-s -w",
  `-X ${versionPackage}.gitVersion=${kubernetesVersion}`,
  `-X ${versionPackage}.gitMajor=${major}`,
  `-X ${versionPackage}.gitMinor=${minor}`,
].join(" ");

/** What a program is built from. */
export interface Source {
  /** Folder below `modules/`. */
  readonly module: string;
  readonly package: string;
  readonly ldflags: string;
  /** Seconds that a first build took on two cores: told to those who wait. */
  readonly coldSeconds: number;
}

const kubernetes = (program: string, coldSeconds: number): Source => ({
  module: "kubernetes",
  package: `k8s.io/kubernetes/cmd/${program}`,
  ldflags: kubernetesFlags,
  coldSeconds,
});

/** In the order in which they are built. */
export const sources = {
  "etcd": { module: "etcd", package: "go.etcd.io/etcd/server/v3", ldflags: "-s -w", coldSeconds: 40 },
  "kube-apiserver": kubernetes("kube-apiserver", 175),
  "kube-controller-manager": kubernetes("kube-controller-manager", 50),
  "kube-scheduler": kubernetes("kube-scheduler", 5),
  "kubectl": kubernetes("kubectl", 20),
  "kwok": { module: "kwok", package: "sigs.k8s.io/kwok/cmd/kwok", ldflags: "-s -w", coldSeconds: 50 },
} as const satisfies Record<string, Source>;

/** A program of the ground. */
export type Program = keyof typeof sources;

/** All of them, in build order. */
export const allPrograms: readonly Program[] = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubectl",
  "kwok",
];

/** Absolute path of each program that was asked for. */
export type Binaries = Readonly<Partial<Record<Program, string>>>;

const modulesFolder = fileURLToPath(new URL("./modules/", import.meta.url));

/** The folder of a Go module of the ground. */
export function moduleFolder(module: string): string {
  return join(modulesFolder, module);
}

/** Where built programs and Go's own caches may live: `$XDG_CACHE_HOME`, `~/.cache`, or the temporary folder. */
export function cacheRoot(): string {
  const home = Deno.env.get("HOME");
  const base = Deno.env.get("XDG_CACHE_HOME") ||
    (home ? join(home, ".cache") : join(temporaryRoot(), "cache"));
  return join(base, "matriarch", "ground");
}

/** The folder for temporary files: `$TMPDIR`, or the one that every Linux has. */
export function temporaryRoot(): string {
  return Deno.env.get("TMPDIR") || "/tmp";
}

/** Name of the cache folder for a compiler: 16 hexadecimal digits over modules, flags and `go version`. */
export async function buildDigest(goVersion: string): Promise<string> {
  const hash = createHash("sha256").update(goVersion).update(JSON.stringify(sources));
  for (const module of ["etcd", "kubernetes", "kwok"]) {
    for (const file of ["go.mod", "go.sum"]) {
      hash.update(await Deno.readFile(join(moduleFolder(module), file)));
    }
  }
  return hash.digest("hex").slice(0, 16);
}

/** Those of the wanted programs that `KUBEBUILDER_ASSETS` already has. */
export async function givenBinaries(wanted: readonly Program[]): Promise<Binaries> {
  const folder = Deno.env.get("KUBEBUILDER_ASSETS");
  const found: Partial<Record<Program, string>> = {};
  if (!folder) return found;
  for (const program of wanted) {
    const path = join(folder, program);
    if (await isFile(path)) found[program] = path;
  }
  return found;
}

/** True when the path leads to a file. */
export async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
