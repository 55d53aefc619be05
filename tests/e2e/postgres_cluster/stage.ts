/** What the tests of PostgresClusters have in common: the operator with their controller, and ways to look. */
import { type PostgresCluster, PostgresClusters } from "../../../api/smoketurner/postgres_cluster.ts";
import {
  postgresClusterController,
  type PostgresClusterServices,
} from "../../../controllers/postgres_cluster/controller.ts";
import type { KubeClient } from "../../../kube/client.ts";
import { type Pod, Pods, type StatefulSet, StatefulSets } from "../../../kube/kinds.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { waitUntil } from "../../ground/wait_for.ts";
import { withNamespace } from "../../ground/with_namespace.ts";
import { startFakePatroni, wellMembers } from "../../support/fake_patroni.ts";
import type { FaultyTransport } from "../../support/faulty_transport.ts";
import { installKinds, type RunningOperator, startOperator, steadyClient } from "../../support/operator.ts";

export const name = "orders";

type Spec = Record<string, unknown>;
type Status = PostgresCluster["status"];

/** A small cluster without TLS. */
export function clusterSpec(changes: Spec = {}): Spec {
  return { version: "16", replicas: 3, storage: { size: "1Gi" }, tls: { enabled: false }, ...changes };
}

export async function applyCluster(client: KubeClient, namespace: string, changes: Spec = {}): Promise<void> {
  const { resource } = PostgresClusters;
  const path = { apiVersion: `${resource.group}/${resource.version}`, kind: resource.kind };
  const written = { ...path, metadata: { namespace, name }, spec: clusterSpec(changes) };
  const decoded = PostgresClusters.decode(written);
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems));
  await client.apply(resource, written as unknown as PostgresCluster);
}

/** Members that always say that they are well: the first one leads, and the others stream from it. Fake pods run nothing. */
export const wellPlayed: PostgresClusterServices = alwaysWell();

function alwaysWell(): PostgresClusterServices {
  const patroni = startFakePatroni();
  const members = Array.from({ length: 10 }, (_, ordinal) => `${name}-${ordinal}`);
  patroni.members = wellMembers(`${name}-0`, ...members.slice(1));
  return patroni.services;
}

export function operate(
  namespace: string,
  services: PostgresClusterServices = wellPlayed,
  prepare?: (transport: FaultyTransport) => void,
): RunningOperator {
  return startOperator(sharedCluster().connection, {
    setUp: (manager) => manager.add(postgresClusterController(services)),
    namespaces: [namespace],
    ...(prepare === undefined ? {} : { prepare }),
  });
}

export interface Stage {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly operator: RunningOperator;
  apply(changes?: Spec): Promise<void>;
  status(): Promise<Status>;
  untilPhase(phase: string): Promise<NonNullable<Status>>;
  /** Waits until a condition stands as `Status/Reason`. */
  untilCondition(type: string, expected: string): Promise<NonNullable<Status>>;
  statefulSet(): Promise<StatefulSet>;
  /** Pods of members, by name. */
  members(): Promise<Pod[]>;
}

/** `Status/Reason` of a condition. */
export function conditionOf(status: Status, type: string): string {
  const found = status?.conditions?.find((each) => each.type === type);
  return `${found?.status}/${found?.reason}`;
}

export function stageOf(client: KubeClient, namespace: string, operator: RunningOperator): Stage {
  const key = { namespace, name };
  const status = async () => (await client.get(PostgresClusters.resource, key)).status;
  const present = async () => await status() ?? { phase: "Pending" as const, readyReplicas: 0, replicas: 0 };
  return {
    client,
    namespace,
    operator,
    status,
    apply: (changes) => applyCluster(client, namespace, changes),
    untilPhase: (phase) => waitUntil(`phase ${phase}`, present, (seen) => seen.phase === phase),
    untilCondition: (type, expected) =>
      waitUntil(`${type} ${expected}`, present, (seen) => conditionOf(seen, type) === expected),
    statefulSet: () => client.get(StatefulSets, key),
    members: async () => {
      const pods = await client.listAll(Pods, { namespace, labels: "application=spilo" });
      return pods.sort((a, b) => a.metadata.name < b.metadata.name ? -1 : 1);
    },
  };
}

let installed: Promise<void> | undefined;

/** Installs the kinds, once for each test file. */
export function install(): Promise<void> {
  installed ??= (async () => {
    using client = steadyClient(sharedCluster().connection);
    await installKinds(client);
  })();
  return installed;
}

export function scenario(
  title: string,
  run: (stage: Stage) => Promise<void>,
  services: PostgresClusterServices = wellPlayed,
): void {
  Deno.test(title, (t) =>
    withNamespace(t, async ({ namespace }) => {
      await install();
      using client = steadyClient(sharedCluster().connection);
      await using operator = operate(namespace, services);
      await run(stageOf(client, namespace, operator));
    }));
}
