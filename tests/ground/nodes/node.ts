/** A node at work: container runtime, images, kubelet, and the proxy of Services. */
import { join } from "node:path";
import type { GroundClient } from "../client.ts";
import { conditionStatus, stringAt } from "../json.ts";
import type { Authority } from "../pki.ts";
import { waitFor, waitUntil } from "../wait_for.ts";
import { cniConfig, containerdConfig, kubeletConfig, proxyConfig, RUNTIME_SOCKET } from "./configuration.ts";
import { write, writeKubeconfig } from "./control_plane.ts";
import { nodeAddress, nodeFolders, nodeName } from "./layout.ts";
import { type Machine, shellIn, spawnIn } from "./machine.ts";
import { routePods } from "./network.ts";
import type { NodeBinaries } from "./programs.ts";

/** What all nodes have in common. */
export interface NodeTools {
  readonly folder: string;
  readonly binaries: NodeBinaries;
  /** Folders of images that every node is given. */
  readonly images: readonly string[];
  readonly client: GroundClient;
  readonly authority: Authority;
}

const READY_MS = 90_000;

/** Starts the programs of a node and waits until it is Ready. @param first the node that leads to the pods of others */
export async function startNode(tools: NodeTools, machine: Machine, first: Machine): Promise<void> {
  await writeConfiguration(tools, machine);
  await startRuntime(tools, machine);
  const podNetwork = await startKubelet(tools, machine);
  const { configuration } = nodeFolders(tools.folder, machine.index);
  await Deno.mkdir(join(configuration, "cni"), { recursive: true });
  await Deno.writeTextFile(join(configuration, "cni", "10-bridge.conflist"), cniConfig(podNetwork));
  if (machine.index !== first.index) await routePods(machine, first, podNetwork);
  start(tools, machine, tools.binaries["kube-proxy"], [`--config=${join(configuration, "proxy.json")}`]);
  await waitUntil(
    `${nodeName(machine.index)} to be Ready`,
    () => tools.client.get(pathOf(machine)),
    (node) => conditionStatus(node, "Ready") === "True",
    { timeoutMs: READY_MS },
  );
}

function pathOf({ index }: Machine): string {
  return `/api/v1/nodes/${nodeName(index)}`;
}

function start({ folder }: NodeTools, machine: Machine, program: string, args: readonly string[]): void {
  const name = program.slice(program.lastIndexOf("/") + 1);
  spawnIn(machine, program, args, join(folder, `node-${machine.index}`, `${name}.log`));
}

async function writeConfiguration({ folder, authority }: NodeTools, { index }: Machine): Promise<void> {
  const { configuration, state } = nodeFolders(folder, index);
  const files: Record<string, string> = {
    "containerd.toml": containerdConfig(configuration, state),
    "kubelet.json": kubeletConfig(folder, index, configuration),
    "proxy.json": proxyConfig(folder, index),
    "resolv.conf": "",
  };
  for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(join(configuration, name), text);
  const name = nodeName(index);
  const serving = await authority.issueServer([name], [nodeAddress(index)]);
  await write(folder, { [`${name}.crt`]: serving.certPem, [`${name}.key`]: serving.keyPem });
  await writeKubeconfig(folder, authority, name, { user: `system:node:${name}`, groups: ["system:nodes"] });
}

/** Starts the container runtime and gives it the images that it does not have yet. */
async function startRuntime(tools: NodeTools, machine: Machine): Promise<void> {
  const { configuration, state } = nodeFolders(tools.folder, machine.index);
  start(tools, machine, "containerd", [`--config=${join(configuration, "containerd.toml")}`]);
  await waitFor("the container runtime to answer", async () => {
    await shellIn(machine, 'ctr -a "$1" version >/dev/null 2>&1', RUNTIME_SOCKET);
    return true;
  });
  for (const images of tools.images) {
    const mark = `${state}/imported-${images.slice(images.lastIndexOf("/") + 1)}`;
    const script =
      '[ -e "$3" ] || { tar -C "$2" -c . | ctr -a "$1" -n k8s.io images import - >/dev/null; touch "$3"; }';
    await shellIn(machine, script, RUNTIME_SOCKET, images, mark);
  }
}

/** Returns the network of the node's pods, which the controller manager gives it. */
async function startKubelet(tools: NodeTools, machine: Machine): Promise<string> {
  const { configuration } = nodeFolders(tools.folder, machine.index);
  const name = nodeName(machine.index);
  start(tools, machine, tools.binaries.kubelet, [
    `--config=${join(configuration, "kubelet.json")}`,
    `--kubeconfig=${join(tools.folder, "credentials", `${name}.kubeconfig`)}`,
    `--hostname-override=${name}`,
    `--node-ip=${nodeAddress(machine.index)}`,
  ]);
  return await waitFor(
    `${name} to be registered`,
    async () => stringAt(await tools.client.get(pathOf(machine)), "spec", "podCIDR"),
    { timeoutMs: READY_MS },
  );
}
