/**
 * A cluster of real nodes: the kubelet starts containers, names are resolved, volumes are folders, and a node can be lost.
 * One runs on a machine at a time; another run waits for its end.
 */
import { join } from "node:path";
import { type Binaries, cacheRoot, temporaryRoot } from "../binaries.ts";
import { ensureBinaries, type Progress } from "../build.ts";
import { GroundClient } from "../client.ts";
import { type Connection, readKubeconfig } from "../connection.ts";
import { loadAuthority } from "../pki.ts";
import { startAddons } from "./addons.ts";
import { credentialFile, startPrograms, writeCredentials } from "./control_plane.ts";
import { ensureImages } from "./images.ts";
import { keepMachine } from "./keeper.ts";
import { MOST_NODES } from "./layout.ts";
import { killMachine, type Machine, requireNamespaces, startMachine } from "./machine.ts";
import { type NodeTools, startNode } from "./node.ts";
import { ensureNodeBinaries, ensurePackages, type NodeBinaries } from "./programs.ts";

/** What everybody needs to know of a running cluster; plain data. */
export interface RealNodes {
  /** Certificates, state and logs. */
  readonly folder: string;
  readonly kubeconfigPath: string;
  readonly connection: Connection;
  readonly binaries: NodeBinaries;
  readonly kubectl: string;
  readonly images: readonly string[];
  readonly machines: readonly Machine[];
}

export interface RealCluster extends AsyncDisposable {
  readonly description: RealNodes;
}

/** This machine cannot carry nodes, or packages of its system cannot be had: nothing was started. */
export class NodesImpossibleError extends Error {
  override readonly name = "NodesImpossibleError";
}

interface Parts {
  readonly planes: Binaries;
  readonly binaries: NodeBinaries;
  readonly images: readonly string[];
}

const PLANE_PROGRAMS = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubectl",
] as const;

/** @throws NodesImpossibleError; Error when what we build ourselves cannot be built */
async function ensureParts(progress: Progress): Promise<Parts> {
  try {
    await requireNamespaces();
    await ensurePackages(progress);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new NodesImpossibleError(reason, { cause });
  }
  // Where these exist, what we build ourselves has to be built.
  return {
    planes: await ensureBinaries(PLANE_PROGRAMS, progress),
    binaries: await ensureNodeBinaries(progress),
    images: await ensureImages(progress),
  };
}

/**
 * Builds what is not built yet, then starts nodes and waits until all are Ready.
 * @param count nodes, from 1 to 3
 * @throws NodesImpossibleError; Error when something does not start: its logs are in the message's folder until the end
 */
export async function startRealCluster(count: number, progress: Progress): Promise<RealCluster> {
  if (!Number.isInteger(count) || count < 1 || count > MOST_NODES) {
    throw new RangeError(`Cannot start ${count} nodes: from 1 to ${MOST_NODES} are possible`);
  }
  const { planes, binaries, images } = await ensureParts(progress);
  const keeper = await keepMachine(join(cacheRoot(), "nodes.lock"), temporaryRoot(), progress);
  const { folder } = keeper;
  const machines: Machine[] = [];
  const stop = async () => {
    await Promise.all(machines.map(killMachine));
    await keeper[Symbol.asyncDispose]();
  };
  try {
    const authority = await writeCredentials(folder);
    const kubeconfigPath = credentialFile(folder, "admin.kubeconfig");
    const connection = await readKubeconfig(kubeconfigPath);
    using client = new GroundClient(connection);
    const tools: NodeTools = { folder, binaries, images, client, authority };
    const first = await startMachine(folder, 1);
    machines.push(first);
    await startPrograms(folder, first, planes, client);
    await startNode(tools, first, first);
    await startAddons(folder, first, binaries, client);
    progress(`The first node is Ready`);
    for (let index = 2; index <= count; index++) {
      const machine = await startMachine(folder, index, first);
      machines.push(machine);
      await startNode(tools, machine, first);
    }
    const kubectl = planes.kubectl ?? "kubectl";
    const description = { folder, kubeconfigPath, connection, binaries, kubectl, images, machines };
    return { description, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Starts a node that was killed, with the state that it had on disk. It ends with whoever called, as all that is guarded
 * does: with the file of a test, which therefore has to be the last that runs.
 */
export async function restartNode(nodes: RealNodes, index: number): Promise<Machine> {
  const [first] = nodes.machines;
  if (first === undefined || index === first.index) {
    throw new Error(
      `Cannot restart node ${index}: only the others can be, as the control plane is on the first`,
    );
  }
  const certPem = await Deno.readTextFile(credentialFile(nodes.folder, "ca.crt"));
  const keyPem = await Deno.readTextFile(credentialFile(nodes.folder, "ca.key"));
  using client = new GroundClient(nodes.connection);
  const machine = await startMachine(nodes.folder, index, first);
  await startNode({ ...nodes, client, authority: await loadAuthority({ certPem, keyPem }) }, machine, first);
  return machine;
}
