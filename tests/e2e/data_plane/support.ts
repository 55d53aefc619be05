/** A shard of bare pods with a data plane in them, and how an operator sees it. */
import { systemClock } from "../../../kube/clock.ts";
import type { PoolerTls } from "../../../topology/poolers/address.ts";
import { addressOf, type PoolerAddress } from "../../../topology/poolers/address.ts";
import { askPoolers } from "../../../topology/poolers/ask.ts";
import { evidenceOf, type ShardEvidence } from "../../../topology/poolers/evidence.ts";
import { GrpcPoolerClient } from "../../../topology/poolers/grpc_client.ts";
import type { PoolerClient } from "../../../topology/poolers/pooler_client.ts";
import { readShardPoolers, type ShardPoolers } from "../../../topology/records/poolers.ts";
import type { GroundClient } from "../../ground/client.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { waitUntil } from "../../ground/wait_for.ts";
import { withNamespace } from "../../ground/with_namespace.ts";
import {
  type DataPlane,
  type DataPlaneOptions,
  startDataPlane,
} from "../../support/data_plane/data_plane.ts";
import { type TopologyPlace, topologyTest } from "../../support/topology.ts";

export const shard = { database: "postgres", tableGroup: "default", shard: "0-inf" };

export interface Stage {
  readonly plane: DataPlane;
  readonly place: TopologyPlace;
  readonly client: PoolerClient;
  /** Makes pods of the pool, or of the orchestrator, that become Ready. */
  create(names: readonly string[], component?: string): Promise<void>;
  /** Deletes a pod and waits until it is gone. */
  remove(name: string): Promise<void>;
  /** The records, as an operator reads them. */
  read(): Promise<ShardPoolers>;
  /** Records and answers, as an operator sees them. */
  look(): Promise<ShardEvidence>;
  until(what: string, accept: (seen: ShardEvidence) => boolean): Promise<ShardEvidence>;
  /** Three instances, one of which leads two that stream and count. */
  healthy(): Promise<ShardEvidence>;
  /** Where the pooler of a pod is asked. */
  addressOf(pod: string): Promise<PoolerAddress>;
}

export const three = ["db-0", "db-1", "db-2"];

export type StageOptions = Partial<Omit<DataPlaneOptions, "connection" | "namespace" | "etcd" | "root">> & {
  readonly clientTls?: PoolerTls;
};

/** Somebody who elects is always there unless told otherwise. */
export const always = { cell: "zone-a", name: "o-test" };

export function planeTest(name: string, options: StageOptions, run: (stage: Stage) => Promise<void>): void {
  topologyTest(name, (place, t) =>
    withNamespace(t, async ({ namespace, client: ground }) => {
      const { connection, etcd = "" } = sharedCluster();
      const client = new GrpcPoolerClient({ clock: systemClock, connectMs: 1_000, idleMs: 60_000, most: 20 });
      const { clientTls, ...rest } = options;
      await using plane = startDataPlane({
        connection,
        namespace,
        etcd,
        root: place.root,
        speed: 30,
        ...rest,
      });
      try {
        await run(stageOf({ plane, place, client, ground, namespace, tls: clientTls }));
      } finally {
        client.close();
      }
    }));
}

interface Means extends Pick<Stage, "plane" | "place" | "client"> {
  readonly ground: GroundClient;
  readonly namespace: string;
  readonly tls: PoolerTls | undefined;
}

function stageOf({ plane, place, client, ground, namespace, tls }: Means): Stage {
  const withTls = tls === undefined ? {} : { tls };
  const read = () => readShardPoolers([{ cell: "zone-a", store: place.store, root: place.root }], shard);
  const look = async () => {
    const poolers = await read();
    const readAt = new Date();
    const options = { clock: systemClock, timeoutMs: 500, ...withTls };
    const answers = await askPoolers(client, poolers.poolers, options);
    return evidenceOf({ poolers, readAt, answers, now: new Date(), boundMs: 5_000 });
  };
  const until: Stage["until"] = async (what, accept) => {
    const seen = () => look().then((evidence) => ({ evidence, world: plane.instances() }));
    return (await waitUntil(what, seen, ({ evidence }) => accept(evidence))).evidence;
  };
  return {
    plane,
    place,
    client,
    read,
    look,
    until,
    create: async (names, component = "shard-pool") => {
      for (const name of names) await ground.apply(podOf(name, component), namespace);
    },
    remove: async (name) => {
      const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
      await ground.request("DELETE", path);
      await waitUntil(`${name} to be gone`, () => ground.get(path), (pod) => pod === undefined);
    },
    healthy: () => until("three healthy instances", isHealthy),
    addressOf: async (pod) => {
      const id = plane.instances().find((each) => each.pod === pod)?.serviceId;
      const pooler = (await read()).poolers.find(({ record }) => record.id?.name === id);
      if (pooler === undefined) throw new Error(`Cannot find the record of ${pod}`);
      return addressOf(pooler, tls);
    },
  };
}

export function isHealthy({ primary, standbys, cohort, problems }: ShardEvidence): boolean {
  const counted = standbys.filter(({ streaming, inCohort }) => streaming === "yes" && inCohort === "yes");
  return primary?.writable === "yes" && counted.length === 2 && cohort?.length === 3 && problems.length === 0;
}

function podOf(name: string, component: string) {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      labels: {
        "app.kubernetes.io/component": component,
        "multigres.com/cell": "zone-a",
        "multigres.com/database": shard.database,
        "multigres.com/tablegroup": shard.tableGroup,
        "multigres.com/shard": shard.shard,
      },
    },
    spec: { containers: [{ name: "main", image: "none:1" }] },
  };
}
