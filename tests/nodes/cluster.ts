/** A cluster of Patroni on real nodes, and ways to look at it. */
import { GROUP, VERSION } from "../../api/smoketurner/group.ts";
import { labelKeys, spiloRole } from "../../api/smoketurner/labels.ts";
import { clusterNames } from "../../api/smoketurner/names.ts";
import { fetchPatroni } from "../../postgres/patroni/fetch_client.ts";
import { isLeader, type PatroniCluster as PatroniReport, reportFrom } from "../../postgres/patroni/report.ts";
import type { GroundClient, Manifest } from "../ground/client.ts";
import { realNodes } from "../ground/ground.ts";
import { at, conditionStatus, isRecord, listAt, stringAt } from "../ground/json.ts";
import { nodeName } from "../ground/nodes/layout.ts";
import { type Machine, runningMachines } from "../ground/nodes/machine.ts";
import { waitUntil } from "../ground/wait_for.ts";

/** Time in which members come up, or a node is missed and comes back, in milliseconds. */
export const LONG_MS = 240_000;

const patroni = fetchPatroni();

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

/** Where a cluster is, and what it is called. */
export interface Place {
  readonly client: GroundClient;
  readonly namespace: string;
  readonly name: string;
  /** Why waiting is in vain, if it is. */
  readonly hopeless: () => string | undefined;
}

export class PatroniCluster {
  readonly client: GroundClient;
  readonly namespace: string;
  readonly name: string;
  readonly names: ReturnType<typeof clusterNames>;
  protected readonly hopeless: () => string | undefined;

  constructor({ client, namespace, name, hopeless }: Place) {
    this.client = client;
    this.namespace = namespace;
    this.name = name;
    this.names = clusterNames(name);
    this.hopeless = hopeless;
  }

  /** Paths of objects of this namespace. */
  path(kind: "pods" | "services" | "secrets", object = ""): string {
    return `/api/v1/namespaces/${this.namespace}/${kind}${object === "" ? "" : `/${object}`}`;
  }

  /** Changes some fields of an object. */
  async merge(path: string, changes: Manifest): Promise<void> {
    await this.client.request("PATCH", path, changes, "application/merge-patch+json");
  }

  get clusterPath(): string {
    return `/apis/${GROUP}/${VERSION}/namespaces/${this.namespace}/postgresclusters/${this.name}`;
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
    await this.client.apply({ ...kind, metadata: { name: this.name }, spec }, this.namespace);
  }

  async members(): Promise<RealMember[]> {
    const pods = await this.client.list(
      `${this.path("pods")}?labelSelector=application%3Dspilo,${
        encodeURIComponent(labelKeys.cluster)
      }%3D${this.name}`,
    );
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
    const lock = await this.client.get(`/api/v1/namespaces/${this.namespace}/endpoints/${this.name}`);
    return stringAt(lock, "metadata", "annotations", "leader");
  }

  /** What the members that are ready say, each of itself. */
  async report(): Promise<PatroniReport> {
    const answers = await Promise.all((await this.#reachable()).map(async ({ name, address }) => {
      const signal = AbortSignal.timeout(3000);
      return [name, await patroni.member(address, signal)] as const;
    }));
    return reportFrom(answers);
  }

  async #reachable(): Promise<{ readonly name: string; readonly address: string }[]> {
    return (await this.members())
      .filter(({ address, ready }) => address !== "" && ready)
      .map(({ name, address }) => ({ name, address: `http://${address}:8008` }));
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
      { timeoutMs: LONG_MS, hopeless: this.hopeless },
    );
    await waitUntil(
      "Patroni to say the same",
      () => this.report(),
      (report) => isStreaming(report, members),
      { timeoutMs: LONG_MS, intervalMs: 250 },
    );
  }

  /** Turns synchronous replication on, and waits until a standby is part of each commit. */
  async makeSynchronous(): Promise<void> {
    const [member] = await this.#reachable();
    if (member === undefined) throw new Error("Cannot find a member that is ready");
    const response = await fetch(`${member.address}/config`, {
      method: "PATCH",
      body: JSON.stringify({ synchronous_mode: true }),
      signal: AbortSignal.timeout(10_000),
    });
    const said = await response.text();
    if (!response.ok) throw new Error(`Cannot make replication synchronous: ${said}`);
    await this.untilSynchronous();
  }

  async untilSynchronous(): Promise<void> {
    const isThere = (report: PatroniReport) => synchronousStandbyOf(report) !== undefined;
    await waitUntil("a synchronous standby", () => this.report(), isThere, {
      timeoutMs: LONG_MS,
      intervalMs: 250,
    });
  }

  /** The one that may take over while replication is synchronous. */
  async synchronousStandby(): Promise<string> {
    const name = synchronousStandbyOf(await this.report());
    if (name === undefined) throw new Error("Cannot find a synchronous standby");
    return name;
  }

  /** The node that a member is on. */
  machineOf({ node }: RealMember): Machine {
    const { folder, machines } = realNodes();
    const machine = runningMachines(folder, machines).find(({ index }) => nodeName(index) === node);
    if (machine === undefined) throw new Error(`Cannot find node ${node}`);
    return machine;
  }

  /** Waits until the operator says that the cluster is in this phase. */
  async untilPhase(phase: string): Promise<void> {
    await waitUntil(
      `phase ${phase} of ${this.name}`,
      async () => await this.client.get(this.clusterPath) ?? {},
      (seen) => stringAt(seen, "status", "phase") === phase,
      { timeoutMs: LONG_MS, intervalMs: 20 },
    );
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

function isStreaming({ members: listed }: PatroniReport, members: number): boolean {
  return listed.length === members && listed.filter(isLeader).length === 1 &&
    listed.every((member) => member.state === (isLeader(member) ? "running" : "streaming"));
}

function synchronousStandbyOf({ members }: PatroniReport): string | undefined {
  return members.find(({ role }) => role === "sync_standby")?.name;
}
