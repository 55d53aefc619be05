/** What the controllers share and are handed in: settings of the operator, and its ways to other systems. */
import { type Clock, systemClock } from "../kube/clock.ts";
import { availableImages, type ImageSet } from "../resolve/image_set.ts";
import type { ImageStrategy } from "../resolve/image_decision.ts";
import type { EtcdConnection } from "../topology/etcd/connection.ts";
import { type BorrowedStore, StorePool } from "../topology/etcd/store_pool.ts";
import { openPoolerClient } from "../topology/poolers/open.ts";
import type { PoolerClient } from "../topology/poolers/pooler_client.ts";
import { DriftBoard } from "./fleet_metrics/drift_board.ts";
import type { PostgresClusterServices } from "./postgres_cluster/controller.ts";
import type { OperatorTelemetry } from "./components/telemetry_environment.ts";

/** Lends the store of a topology. */
export interface Stores {
  borrow(connection: EtcdConnection): BorrowedStore;
}

export interface Services {
  /** The images that this operator comes with, and when clusters that do not say take newer ones. */
  readonly images: { readonly available: ImageSet; readonly strategy: ImageStrategy };
  /** The operator's own OTEL variables. */
  readonly telemetry: OperatorTelemetry;
  readonly stores: Stores;
  readonly poolers: PoolerClient;
  /** The instances of a shard are asked how they are every so many seconds, give or take a fifth. */
  readonly evidenceSeconds: number;
  /** Where passes over Shards note pods that are to be replaced, for the metrics. */
  readonly drifts: DriftBoard;
  /** For the Patroni family. */
  readonly patroni: PostgresClusterServices;
}

/** A primary that is lost must be missed within 5 s. */
const EVIDENCE_SECONDS = 4;

/** The built-in settings, with some replaced. */
export function servicesWith(replaced: Partial<Services> = {}, clock: Clock = systemClock): Services {
  return {
    images: { available: availableImages(), strategy: "immediate" },
    telemetry: {},
    stores: replaced.stores ?? new StorePool({ clock }),
    poolers: replaced.poolers ?? openPoolerClient({ clock }),
    evidenceSeconds: EVIDENCE_SECONDS,
    drifts: new DriftBoard(),
    patroni: {},
    ...replaced,
  };
}
