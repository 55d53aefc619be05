/** Writes what two clusters say of each other into their statuses; the rest of those is their own controller's. */
import { PostgresClusters } from "../../api/smoketurner/postgres_cluster.ts";
import type { ReconcileContext } from "../../kube/controller.ts";
import type { LineageChange } from "./move_clients.ts";

/** @throws ApiError, with a conflict when a cluster has changed since it was seen */
export async function changeLineage(
  changes: readonly LineageChange[],
  { client, cache }: Pick<ReconcileContext, "client" | "cache">,
): Promise<void> {
  const { resource } = PostgresClusters;
  for (const { cluster: { metadata }, status } of changes) {
    const { name, namespace, resourceVersion } = metadata;
    const key = namespace === undefined ? { name } : { namespace, name };
    const patched = await client.patch(resource, key, { metadata: { resourceVersion }, status }, "status");
    cache.store(resource).putWritten(patched);
  }
}
