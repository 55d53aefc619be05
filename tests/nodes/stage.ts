/** What the tests on real nodes have in common: a cluster of Patroni with real members, the operator, ways to look. */
import { join } from "node:path";
import { GROUP, VERSION } from "../../api/smoketurner/group.ts";
import { labelKeys, spiloRole } from "../../api/smoketurner/labels.ts";
import { clusterNames } from "../../api/smoketurner/names.ts";
import { GroundClient, type Manifest } from "../ground/client.ts";
import { realNodes } from "../ground/ground.ts";
import type { GuardedProcess } from "../ground/guard.ts";
import { at, conditionStatus, isRecord, listAt, stringAt } from "../ground/json.ts";
import { nodeName } from "../ground/nodes/layout.ts";
import { inNetworkOf, type Machine, runningMachines } from "../ground/nodes/machine.ts";
import { installDefinitions, startOperator } from "../ground/operator.ts";
import { freePort } from "../ground/ports.ts";
import { delay, waitFor, waitUntil } from "../ground/wait_for.ts";
import { withNamespace } from "../ground/with_namespace.ts";

/** What every cluster of these tests is called; each has a namespace of its own. */
export const name = "orders";
export const names = clusterNames(name);

/** Time in which members come up, or a node is missed and comes back, in milliseconds. */
export const LONG_MS = 240_000;

/** A member's pod as the API server has it. */
export interface RealMember {
  readonly name: string;
  readonly uid: string;
  readonly address: string;
  readonly node: string;
  readonly isPrimary: boolean;
  readonly ready: boolean;
  /** Of the container that PostgreSQL runs in. */
  readonly containerId: string;
  readonly startedAt: string;
}

export class Stage {
  operator: GuardedProcess;

  constructor(readonly client: GroundClient, readonly namespace: string) {
    this.operator = this.startOperator();
  }

  /** Starts the operator in the network of the first node; its log lies in the folder of the nodes. */
  startOperator(): GuardedProcess {
    const { kubeconfigPath, folder, machines: [first] } = realNodes();
    if (first === undefined) throw new Error("Cannot start the operator without a node");
    const log = join(folder, `operator-${this.namespace}.log`);
    const ports = { metricsPort: freePort(), probePort: freePort() };
    this.operator = startOperator({ kubeconfigPath, log, ...ports, through: inNetworkOf(first, folder) });
    return this.operator;
  }

  /** Paths of objects of this namespace. */
  path(kind: "pods" | "services" | "secrets", object = ""): string {
    return `/api/v1/namespaces/${this.namespace}/${kind}${object === "" ? "" : `/${object}`}`;
  }

  get clusterPath(): string {
    return `/apis/${GROUP}/${VERSION}/namespaces/${this.namespace}/postgresclusters/${name}`;
  }

  /** Writes the whole spec of the cluster. */
  async apply(changes: Manifest = {}): Promise<void> {
    const spec = {
      version: "15",
      replicas: 3,
      storage: { size: "1Gi" },
      postgresqlParams: { shared_buffers: "32MB", max_connections: "60" },
      resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { cpu: "1", memory: "384Mi" } },
      ...changes,
    };
    const kind = { apiVersion: `${GROUP}/${VERSION}`, kind: "PostgresCluster" };
    await this.client.apply({ ...kind, metadata: { name }, spec }, this.namespace);
  }

  async members(): Promise<RealMember[]> {
    const pods = await this.client.list(`${this.path("pods")}?labelSelector=application%3Dspilo`);
    return pods.map(memberOf).sort((a, b) => a.name < b.name ? -1 : 1);
  }

  /** The member that takes writes. @throws Error while there is none, or more than one */
  async primary(): Promise<RealMember> {
    const primaries = (await this.members()).filter(({ isPrimary, ready }) => isPrimary && ready);
    const [primary] = primaries;
    if (primary === undefined || primaries.length > 1) {
      throw new Error(`Cannot tell the primary: ${primaries.length} members are labelled so and ready`);
    }
    return primary;
  }

  /** The holder of Patroni's lock, as it stands in the API: known also while pods cannot be reached. */
  async leader(): Promise<string | undefined> {
    const lock = await this.client.get(`/api/v1/namespaces/${this.namespace}/endpoints/${name}`);
    return stringAt(lock, "metadata", "annotations", "leader");
  }

  /** What the members themselves say, as the first of them that answers knows it. */
  async patroni(path = "cluster", method = "GET", body?: unknown): Promise<unknown> {
    const members = (await this.members()).filter(({ address, ready }) => address !== "" && ready);
    return await Promise.any(members.map(async ({ address }) => {
      const response = await fetch(`http://${address}:8008/${path}`, {
        method,
        signal: AbortSignal.timeout(3000),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const answer: unknown = await response.json();
      return answer;
    }));
  }

  /** Waits until the operator says that this spec runs, by what the members say, with so many of them. */
  async untilWell(members: number): Promise<void> {
    const isWell = (cluster: unknown) =>
      stringAt(cluster, "status", "phase") === "Running" &&
      at(cluster, "status", "readyReplicas") === members &&
      at(cluster, "status", "observedGeneration") === at(cluster, "metadata", "generation") &&
      conditionStatus(cluster, "ReplicasReady") === "True" &&
      conditionStatus(cluster, "Ready") === "True";
    await waitUntil(
      `${members} members to run`,
      async () => await this.client.get(this.clusterPath) ?? {},
      isWell,
      { timeoutMs: LONG_MS, hopeless: () => this.operator.running() ? undefined : "the operator has ended" },
    );
    await waitUntil(
      "Patroni to say the same",
      () => this.patroni(),
      (list) => isStreaming(list, members),
      { timeoutMs: LONG_MS, intervalMs: 250 },
    );
  }

  /** Asks Patroni to let a standby take over, and returns when it has. */
  async switchOver(): Promise<void> {
    const { name: leader, address } = await this.primary();
    const response = await fetch(`http://${address}:8008/switchover`, {
      method: "POST",
      body: JSON.stringify({ leader }),
      signal: AbortSignal.timeout(60_000),
    });
    const said = await response.text();
    if (!response.ok) throw new Error(`Cannot switch over: ${said}`);
  }

  /** Turns synchronous replication on, and waits until a standby is part of each commit. */
  async makeSynchronous(): Promise<void> {
    await this.patroni("config", "PATCH", { synchronous_mode: true });
    await this.untilSynchronous();
  }

  async untilSynchronous(): Promise<void> {
    await waitUntil("a synchronous standby", () => this.patroni(), hasSynchronousStandby, {
      timeoutMs: LONG_MS,
      intervalMs: 250,
    });
  }

  /** The node that a member is on. */
  machineOf({ node }: RealMember): Machine {
    const { folder, machines } = realNodes();
    const machine = runningMachines(folder, machines).find(({ index }) => nodeName(index) === node);
    if (machine === undefined) throw new Error(`Cannot find node ${node}`);
    return machine;
  }
}

function memberOf(pod: unknown): RealMember {
  const statuses = listAt(pod, "status", "containerStatuses");
  const container = statuses.filter(isRecord).find((each) => each["name"] === "postgres");
  return {
    name: stringAt(pod, "metadata", "name") ?? "",
    uid: stringAt(pod, "metadata", "uid") ?? "",
    address: stringAt(pod, "status", "podIP") ?? "",
    node: stringAt(pod, "spec", "nodeName") ?? "",
    isPrimary: stringAt(pod, "metadata", "labels", labelKeys.role) === spiloRole.primary,
    ready: conditionStatus(pod, "Ready") === "True" && at(pod, "metadata", "deletionTimestamp") === undefined,
    containerId: (stringAt(container, "containerID") ?? "").replace("containerd://", ""),
    startedAt: stringAt(container, "state", "running", "startedAt") ?? "",
  };
}

function isStreaming(list: unknown, members: number): boolean {
  const states = listAt(list, "members").map((member) =>
    stringAt(member, "role") === "leader" ? "leader" : stringAt(member, "state")
  );
  return states.length === members && states.filter((state) => state === "leader").length === 1 &&
    states.every((state) => state === "leader" || state === "running" || state === "streaming");
}

function hasSynchronousStandby(list: unknown): boolean {
  return listAt(list, "members").some((member) => stringAt(member, "role") === "sync_standby");
}

/** A test with a namespace and an operator of its own on the real nodes. */
export function onNodes(
  title: string,
  run: (stage: Stage, t: Deno.TestContext) => Promise<void>,
): void {
  Deno.test(title, async (t) => {
    using client = new GroundClient(realNodes().connection);
    await installDefinitions(client);
    await withNamespace(t, async ({ namespace }) => {
      const stage = new Stage(client, namespace);
      try {
        await run(stage, t);
      } catch (error) {
        await tellWhatWas(stage);
        throw error;
      } finally {
        await removeCluster(stage);
        await stage.operator.stop("SIGTERM", 10_000);
      }
    }, client);
  });
}

/** The nodes have room for one cluster at a time. */
async function removeCluster({ client, clusterPath, operator, namespace }: Stage): Promise<void> {
  if (!operator.running()) return;
  await client.send("DELETE", clusterPath);
  await client.send("DELETE", `/api/v1/namespaces/${namespace}`);
  await waitFor("the cluster to be gone", async () => await client.get(clusterPath) === undefined, {
    timeoutMs: LONG_MS,
    intervalMs: 250,
  });
}

/** What a failure leaves to be read, as the nodes go with the run. */
async function tellWhatWas(stage: Stage): Promise<void> {
  const { client, clusterPath, operator } = stage;
  const status = at(await client.get(clusterPath), "status");
  console.log(JSON.stringify({ status, members: await stage.members() }, undefined, 1));
  await delay(100);
  const log = operator.log === undefined ? "" : await Deno.readTextFile(operator.log);
  console.log(log.trimEnd().split("\n").slice(-20).join("\n"));
}
