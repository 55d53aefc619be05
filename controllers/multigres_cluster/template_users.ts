/** Which clusters a change of a template concerns. */
import { CellTemplates } from "../../api/multigres/cell_template.ts";
import { CoreTemplates } from "../../api/multigres/core_template.ts";
import { type MultigresCluster, MultigresClusters } from "../../api/multigres/multigres_cluster.ts";
import { ShardTemplates } from "../../api/multigres/shard_template.ts";
import type { Cache } from "../../kube/cache.ts";
import { keyOf } from "../../kube/store.ts";
import type { Frozen, KubeObject } from "../../kube/types.ts";
import { namespaceDefault } from "../../resolve/templates.ts";

type Field = keyof NonNullable<NonNullable<MultigresCluster["status"]>["resolvedTemplates"]>;

const fields = new Map<string, Field>([
  [CoreTemplates.resource.kind, "coreTemplates"],
  [CellTemplates.resource.kind, "cellTemplates"],
  [ShardTemplates.resource.kind, "shardTemplates"],
]);

/**
 * Keys of the clusters of the template's namespace that use it, that would if it is the default, or that are held up and
 * may be waiting for it.
 */
export function usersOfTemplate(template: Frozen<KubeObject>, cache: Cache): string[] {
  const { name, namespace } = template.metadata;
  const field = fields.get(template.kind);
  return [...cache.store(MultigresClusters.resource).values()]
    .filter((cluster) => cluster.metadata.namespace === namespace)
    .filter((cluster) => name === namespaceDefault || isHeldUp(cluster) || uses(cluster, field, name))
    .map((cluster) => keyOf(cluster.metadata));
}

function uses({ status }: Frozen<MultigresCluster>, field: Field | undefined, name: string): boolean {
  return field !== undefined && (status?.resolvedTemplates?.[field]?.includes(name) ?? false);
}

function isHeldUp({ status }: Frozen<MultigresCluster>): boolean {
  const accepted = status?.conditions?.find(({ type }) => type === "SpecAccepted");
  return accepted?.status !== "True";
}
