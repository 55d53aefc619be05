/** A node on which commands really run: fake in all but its streaming server, which executes them on this machine. */
import { join } from "node:path";
import type { KubeClient } from "../../kube/client.ts";
import { Namespaces, Nodes, Pods } from "../../kube/kinds.ts";
import { defineResource } from "../../kube/resource.ts";
import type { ControlPlane } from "../ground/control_plane.ts";
import { stageFiles } from "../ground/fake_nodes.ts";
import { ground } from "../ground/ground.ts";
import { spawnGuarded } from "../ground/guard.ts";
import { freePort } from "../ground/ports.ts";
import { waitUntil } from "../ground/wait_for.ts";

const NODE = "streaming";
const CONTAINER = "postgres";

const ServiceAccounts = defineResource({
  group: "",
  version: "v1",
  kind: "ServiceAccount",
  plural: "serviceaccounts",
  namespaced: true,
});

/** What is allowed to be executed where: everything, on this machine. */
const commands = JSON.stringify({
  apiVersion: "kwok.x-k8s.io/v1alpha1",
  kind: "ClusterExec",
  metadata: { name: "local" },
  spec: { execs: [{ local: {} }] },
});

export interface ExecNode extends AsyncDisposable {
  /** Ends the node's server, as a node that is lost. */
  stop(): Promise<void>;
}

/** Starts the server, and makes pod `shop/<pod>` with container `postgres` on the node. */
export async function startExecNode(plane: ControlPlane, client: KubeClient, pod: string): Promise<ExecNode> {
  const port = freePort();
  const config = join(plane.folder, "exec.yaml");
  await Deno.writeTextFile(config, commands);
  const log = join(plane.folder, "exec-kwok.log");
  const { kwok = "" } = ground().binaries;
  const server = spawnGuarded({
    program: kwok,
    args: [
      `--kubeconfig=${plane.kubeconfigPath}`,
      ...[...stageFiles, config].map((path) => `--config=${path}`),
      "--manage-nodes-with-label-selector=matriarch.test/nobody=true",
      `--server-address=127.0.0.1:${port}`,
    ],
    log,
  });
  const stop = () => server.stop();
  await makeNode(client, port);
  await makePod(client, pod);
  await waitUntil("the node's server", () => answers(port), (seen) => seen, {
    hopeless: () => server.running() ? undefined : Deno.readTextFileSync(log),
  });
  return { stop, [Symbol.asyncDispose]: stop };
}

async function makeNode(client: KubeClient, port: number): Promise<void> {
  await client.create(Nodes, { metadata: { name: NODE } });
  await client.patch(Nodes, { name: NODE }, {
    status: {
      addresses: [{ type: "InternalIP", address: "127.0.0.1" }],
      daemonEndpoints: { kubeletEndpoint: { Port: port } },
    },
  }, "status");
}

async function makePod(client: KubeClient, name: string): Promise<void> {
  const namespace = "shop";
  await client.create(Namespaces, { metadata: { name: namespace } });
  await client.create(ServiceAccounts, { metadata: { namespace, name: "default" } });
  await client.create(Pods, {
    metadata: { namespace, name },
    spec: { nodeName: NODE, containers: [{ name: CONTAINER, image: "none" }] },
  });
}

async function answers(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/healthz`);
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
