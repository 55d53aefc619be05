/** The control plane of real nodes, in the first of them: the real thing with all its controllers. */
import { join } from "node:path";
import type { Binaries, Program } from "../binaries.ts";
import type { GroundClient } from "../client.ts";
import { kubeconfigOf } from "../connection.ts";
import type { Authority, Identity } from "../pki.ts";
import { createAuthority, createSigningKeys } from "../pki.ts";
import { waitUntil } from "../wait_for.ts";
import { flags, generousLimits } from "../commands.ts";
import {
  API_PORT,
  API_SERVER,
  API_SERVICE_ADDRESS,
  FIRST_ADDRESS,
  nodeFolders,
  POD_NETWORK,
  SERVICE_NETWORK,
} from "./layout.ts";
import { type Machine, spawnIn } from "./machine.ts";

/** Who each program is towards the API server; the roles of the built-in ones come with Kubernetes. */
const identities: Readonly<Record<string, Identity>> = {
  "admin": { user: "ground:admin", groups: ["system:masters"] },
  "kube-controller-manager": { user: "system:kube-controller-manager" },
  "kube-scheduler": { user: "system:kube-scheduler" },
  "kube-proxy": { user: "system:kube-proxy" },
  "coredns": { user: "system:coredns" },
  "local-path-provisioner": { user: "system:local-path-provisioner" },
};

/** Where certificates and kubeconfigs of the ground are. */
export function credentialFile(folder: string, name: string): string {
  return join(folder, "credentials", name);
}

/** Makes authority, certificates and kubeconfigs. */
export async function writeCredentials(folder: string): Promise<Authority> {
  await Deno.mkdir(join(folder, "credentials"), { recursive: true });
  const authority = await createAuthority();
  const signing = await createSigningKeys();
  const names = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"];
  const serving = await authority.issueServer(names, ["127.0.0.1", FIRST_ADDRESS, API_SERVICE_ADDRESS]);
  const kubelets = await authority.issueClient({ user: "kube-apiserver", groups: ["system:masters"] });
  await write(folder, {
    "ca.crt": authority.caPem,
    "ca.key": authority.caKeyPem,
    "apiserver.crt": serving.certPem,
    "apiserver.key": serving.keyPem,
    "kubelet-client.crt": kubelets.certPem,
    "kubelet-client.key": kubelets.keyPem,
    "service-account.pub": signing.publicPem,
    "service-account.key": signing.privatePem,
  });
  for (const [name, identity] of Object.entries(identities)) {
    await writeKubeconfig(folder, authority, name, identity);
  }
  return authority;
}

/** Writes `<name>.kubeconfig` and returns its path. */
export async function writeKubeconfig(
  folder: string,
  authority: Authority,
  name: string,
  identity: Identity,
): Promise<string> {
  const connection = { server: API_SERVER, caPem: authority.caPem, ...await authority.issueClient(identity) };
  await write(folder, { [`${name}.kubeconfig`]: kubeconfigOf(connection) });
  return credentialFile(folder, `${name}.kubeconfig`);
}

export async function write(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(credentialFile(folder, name), text, { mode: 0o600 });
  }
}

/** Starts etcd, API server, controller manager and scheduler in the first node, and waits until they serve. */
export async function startPrograms(
  folder: string,
  first: Machine,
  binaries: Binaries,
  client: GroundClient,
): Promise<void> {
  const start = (program: Program, args: readonly string[]) =>
    spawnIn(first, binaries[program] ?? program, args, join(folder, `${program}.log`));
  start("etcd", etcdArguments(folder));
  const server = start("kube-apiserver", apiServerArguments(folder));
  const hopeless = () => server.running() ? undefined : "kube-apiserver has ended";
  await waitUntil(
    "the API server to be ready",
    () => client.send("GET", "/readyz"),
    ({ status }) => status === 200,
    {
      hopeless,
      timeoutMs: 60_000,
    },
  );
  start("kube-controller-manager", controllerManagerArguments(folder));
  start("kube-scheduler", flags({ ...withKubeconfig(folder, "kube-scheduler"), ...generousLimits }));
  const account = "/api/v1/namespaces/default/serviceaccounts/default";
  await waitUntil("the controller manager to work", () => client.get(account), (seen) => seen !== undefined, {
    timeoutMs: 60_000,
  });
}

/** Without fsync: the data lives as long as the ground does. */
function etcdArguments(folder: string): string[] {
  return flags({
    "name": "ground",
    "data-dir": join(nodeFolders(folder, 1).state, "etcd"),
    "unsafe-no-fsync": true,
    "log-level": "warn",
  });
}

function apiServerArguments(folder: string): string[] {
  const file = (name: string) => credentialFile(folder, name);
  return flags({
    "etcd-servers": "http://127.0.0.1:2379",
    "bind-address": "0.0.0.0",
    "advertise-address": FIRST_ADDRESS,
    "secure-port": API_PORT,
    "tls-cert-file": file("apiserver.crt"),
    "tls-private-key-file": file("apiserver.key"),
    "client-ca-file": file("ca.crt"),
    "kubelet-client-certificate": file("kubelet-client.crt"),
    "kubelet-client-key": file("kubelet-client.key"),
    "kubelet-certificate-authority": file("ca.crt"),
    "kubelet-preferred-address-types": "InternalIP",
    "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
    "service-account-key-file": file("service-account.pub"),
    "service-account-signing-key-file": file("service-account.key"),
    "authorization-mode": "Node,RBAC",
    "enable-admission-plugins": "NodeRestriction",
    "service-cluster-ip-range": SERVICE_NETWORK,
    "allow-privileged": true,
    "profiling": false,
  });
}

function withKubeconfig(folder: string, program: string) {
  return {
    "kubeconfig": credentialFile(folder, `${program}.kubeconfig`),
    "secure-port": 0,
    "leader-elect": false,
  };
}

function controllerManagerArguments(folder: string): string[] {
  const file = (name: string) => credentialFile(folder, name);
  return flags({
    ...withKubeconfig(folder, "kube-controller-manager"),
    "root-ca-file": file("ca.crt"),
    "service-account-private-key-file": file("service-account.key"),
    "use-service-account-credentials": true,
    "allocate-node-cidrs": true,
    "cluster-cidr": POD_NETWORK,
    "node-cidr-mask-size": 24,
    "service-cluster-ip-range": SERVICE_NETWORK,
    ...generousLimits,
  });
}
