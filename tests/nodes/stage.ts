/** What the tests on real nodes have in common: a cluster of Patroni with real members, and the operator. */
import { join } from "node:path";
import { GROUP, VERSION } from "../../api/smoketurner/group.ts";
import { clusterNames } from "../../api/smoketurner/names.ts";
import { GroundClient } from "../ground/client.ts";
import { realNodes } from "../ground/ground.ts";
import type { GuardedProcess } from "../ground/guard.ts";
import { at } from "../ground/json.ts";
import { inNetworkOf } from "../ground/nodes/machine.ts";
import { installDefinitions, startOperator } from "../ground/operator.ts";
import { delay, waitUntil } from "../ground/wait_for.ts";
import { withNamespace } from "../ground/with_namespace.ts";
import { LONG_MS, PatroniCluster } from "./cluster.ts";

/** What the cluster of a test is called; each test has a namespace of its own. */
export const name = "orders";
export const names = clusterNames(name);

/** In the node, whose own programs listen elsewhere; what is free on this machine says nothing of a node's network. */
let nextPort = 19_000;

export class Stage extends PatroniCluster {
  operator: GuardedProcess | undefined;

  constructor(client: GroundClient, namespace: string) {
    super({
      client,
      namespace,
      name,
      hopeless: () => this.hasEnded() ? "the operator has ended" : undefined,
    });
  }

  private hasEnded(): boolean {
    return this.operator !== undefined && !this.operator.running();
  }

  /** Another cluster of the namespace. */
  beside(name: string): PatroniCluster {
    const { client, namespace, hopeless } = this;
    return new PatroniCluster({ client, namespace, name, hopeless });
  }

  /** Starts the operator in the network of the first node; its log lies in the folder of the nodes. */
  startOperator(): GuardedProcess {
    const { kubeconfigPath, folder, machines: [first] } = realNodes();
    if (first === undefined) throw new Error("Cannot start the operator without a node");
    const log = join(folder, `operator-${this.namespace}.log`);
    const ports = { metricsPort: nextPort++, probePort: nextPort++ };
    this.operator = startOperator({ kubeconfigPath, log, ...ports, through: inNetworkOf(first, folder) });
    return this.operator;
  }

  /** The nodes have room for few clusters at a time, so each is gone before the next test. */
  async removeClusters(): Promise<void> {
    const { client, namespace } = this;
    if (this.hasEnded()) return;
    for (const plural of ["postgresupgrades", "postgresdatabases", "postgresclusters"]) {
      const path = `/apis/${GROUP}/${VERSION}/namespaces/${namespace}/${plural}`;
      await client.send("DELETE", path);
      await waitUntil(`${plural} to be gone`, () => client.list(path), (left) => left.length === 0, {
        timeoutMs: LONG_MS,
        intervalMs: 250,
      });
    }
    await client.send("DELETE", `/api/v1/namespaces/${namespace}`);
  }

  /** Ends the operator as a power cut does, and starts another. */
  async killOperator(): Promise<void> {
    await this.operator?.stop("SIGKILL");
    this.startOperator();
  }
}

/** How the operator of a test is run. */
export interface Arrangement {
  /** Present where it is a Deployment of the test's own, and no process. */
  readonly installed?: true;
}

/** A test with a namespace and an operator of its own on the real nodes. */
export function onNodes(
  title: string,
  run: (stage: Stage, t: Deno.TestContext) => Promise<void>,
  { installed }: Arrangement = {},
): void {
  Deno.test(title, async (t) => {
    using client = new GroundClient(realNodes().connection);
    await installDefinitions(client);
    await withNamespace(t, async ({ namespace }) => {
      const stage = new Stage(client, namespace);
      if (!installed) stage.startOperator();
      try {
        await run(stage, t);
      } catch (error) {
        console.log(error);
        await tellWhatWas(stage);
        throw error;
      } finally {
        if (!installed) await stage.removeClusters();
        await stage.operator?.stop("SIGTERM", 10_000);
      }
    }, client);
  });
}

/** What a failure leaves to be read, as the nodes go with the run. */
async function tellWhatWas({ client, namespace, operator }: Stage): Promise<void> {
  for (const plural of ["postgresclusters", "postgresupgrades"]) {
    for (const object of await client.list(`/apis/${GROUP}/${VERSION}/namespaces/${namespace}/${plural}`)) {
      console.log(
        JSON.stringify({ of: at(object, "metadata", "name"), status: at(object, "status") }, undefined, 1),
      );
    }
  }
  await delay(100);
  const log = operator?.log === undefined ? "" : await Deno.readTextFile(operator.log);
  console.log(log.trimEnd().split("\n").slice(-20).join("\n"));
}
