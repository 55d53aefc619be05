/** The status that a former operator left behind. */
import { PostgresClusters } from "../../api/smoketurner/postgres_cluster.ts";
import type { ReconcileContext } from "../../kube/controller.ts";
import { keyOf } from "../../kube/store.ts";
import type { Cluster } from "./shape.ts";
import type { OwnStatus } from "./status.ts";

/** Written by whoever replaces clusters. */
const OTHERS: ReadonlySet<string> = new Set(["successor", "origin"]);

/**
 * Clears what an older way of writing left and is not said any more: fields that nobody applied would stay for ever. It
 * is needed once, before the first apply.
 * @throws ApiError, TransportError
 */
export async function clearFormerStatus(
  cluster: Cluster,
  status: OwnStatus,
  context: ReconcileContext,
): Promise<void> {
  const { resource } = PostgresClusters;
  const entry = context.cache.store(resource).entry(keyOf(cluster.metadata));
  if (entry === undefined || entry.owned.status !== undefined) return;
  const gone = Object.keys(cluster.status ?? {}).filter((field) => !(field in status) && !OTHERS.has(field));
  if (gone.length === 0) return;
  const cleared = Object.fromEntries(gone.map((field) => [field, null]));
  await context.client.patch(resource, cluster.metadata, { status: cleared }, "status");
}
