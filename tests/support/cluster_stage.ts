/** A namespace in which MultigresClusters live: a real API server, a real etcd, the operator in the test's own process. */
import { parseAllDocuments } from "yaml";
import { type MultigresCluster, MultigresClusters } from "../../api/multigres/multigres_cluster.ts";
import { cellController } from "../../controllers/cell/controller.ts";
import { addControllers } from "../../controllers/controllers.ts";
import { multigresClusterController } from "../../controllers/multigres_cluster/controller.ts";
import { type Services, servicesWith, type Stores } from "../../controllers/services.ts";
import { tableGroupController } from "../../controllers/table_group/controller.ts";
import { topoServerController } from "../../controllers/topo_server/controller.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { Manager } from "../../kube/manager.ts";
import type { EtcdConnection } from "../../topology/etcd/connection.ts";
import { type BorrowedStore, StorePool } from "../../topology/etcd/store_pool.ts";
import type { GroundClient } from "../ground/client.ts";
import { ownsCluster, sharedCluster } from "../ground/ground.ts";
import { waitUntil } from "../ground/wait_for.ts";
import { withNamespace } from "../ground/with_namespace.ts";
import {
  installKinds,
  type OperatorOptions,
  type RunningOperator,
  startOperator,
  steadyClient,
} from "./operator.ts";
import { prefixedStore } from "./prefixed_store.ts";
import { shardPlayer } from "./shard_player.ts";

export interface ClusterStage {
  readonly client: KubeClient;
  /** For objects of any kind, as kubectl applies them. */
  readonly ground: GroundClient;
  readonly namespace: string;
  /** Root of a place in the topology that is this test's alone. */
  readonly root: string;
  readonly endpoint: string;
  start(options?: Partial<OperatorOptions>): RunningOperator;
  /** Applies a manifest; NS, TOPO and ROOT in it stand for namespace, endpoint and root. */
  apply(manifest: string): Promise<void>;
  cluster(name: string): Promise<MultigresCluster>;
  untilPhase(name: string, phase: string): Promise<MultigresCluster>;
}

/** A test with such a stage; skipped when the cluster is not ours, as there is no etcd then. */
export function clusterTest(name: string, run: (stage: ClusterStage) => Promise<void>): void {
  const owned = ownsCluster();
  Deno.test({
    name: owned ? name : `${name} (skipped: the cluster is not ours)`,
    ignore: !owned,
    fn: (t) =>
      withNamespace(t, async ({ namespace, client: ground }) => {
        using client = steadyClient(sharedCluster().connection);
        await installKinds(client);
        await run(stageIn(namespace, { client, ground }));
      }),
  });
}

function stageIn(
  namespace: string,
  { client, ground }: { readonly client: KubeClient; readonly ground: GroundClient },
): ClusterStage {
  const endpoint = sharedCluster().etcd ?? "";
  const root = `/${namespace}`;
  const cluster = (name: string) => client.get(MultigresClusters.resource, { namespace, name });
  return {
    client,
    ground,
    namespace,
    root,
    endpoint,
    cluster,
    start: (options = {}) =>
      startOperator(sharedCluster().connection, {
        namespaces: [namespace],
        setUp: (manager) => addControllers(manager, services({})),
        ...options,
      }),
    apply: async (manifest) => {
      const filled = manifest.replaceAll("TOPO", endpoint).replaceAll("ROOT", root).replaceAll(
        "NS",
        namespace,
      );
      for (const document of parseAllDocuments(filled)) {
        const object = document.toJS();
        await ground.apply({ ...object, metadata: { namespace, ...object.metadata } });
      }
    },
    untilPhase: (name, phase) =>
      waitUntil(
        `${name} to be ${phase}`,
        () => cluster(name),
        ({ status, metadata }) =>
          status?.phase === phase && status.observedGeneration === metadata.generation,
      ),
  };
}

/**
 * All controllers of clusters but that of Shards, whose part is played: on nodes that run nothing no instance would ever
 * answer, and what is proved here ends at the Shard.
 */
export function downToShards(replaced: Partial<Services> = {}): (manager: Manager) => void {
  const all = services(replaced);
  return (manager) => {
    manager.add(multigresClusterController(all));
    manager.add(cellController(all));
    manager.add(tableGroupController);
    manager.add(topoServerController);
    manager.add(shardPlayer);
  };
}

/**
 * Services whose managed etcds are all the one of the ground, each below a prefix of its own: their addresses lead nowhere,
 * as nodes are fake.
 */
export function services(replaced: Partial<Services>): Services {
  const pool = new StorePool();
  const stores: Stores = { borrow: (connection) => borrow(pool, connection) };
  return servicesWith({ stores, ...replaced });
}

/** The store of an etcd wherever it runs; that of a managed one lies below {@link managedPrefix}. */
export function borrow(pool: StorePool, connection: EtcdConnection): BorrowedStore {
  const managed = connection.endpoints.map(managedPrefix).find((prefix) => prefix !== undefined);
  if (managed === undefined) return pool.borrow(connection);
  return prefixedStore(pool.borrow({ endpoints: [sharedCluster().etcd ?? ""] }), managed);
}

/** Where the keys of a managed etcd lie in the ground's; undefined for an etcd that runs elsewhere. */
export function managedPrefix(endpoint: string): string | undefined {
  const host = /^http:\/\/(.+\.svc):\d+$/.exec(endpoint)?.[1];
  return host === undefined ? undefined : `/managed/${host}`;
}
