/** Why an upgrade cannot be carried out as it is asked for: the rules of admission, for clusters without the webhook. */
import { PostgresUpgrades } from "../../api/smoketurner/postgres_upgrade.ts";
import type { ReconcileContext } from "../../kube/controller.ts";
import { isStored } from "../../kube/stored.ts";
import { reviewPostgresUpgrade } from "../../resolve/validation/postgres_upgrade.ts";
import { dataClaimName, nameLimits } from "../../api/smoketurner/names.ts";
import { PersistentVolumeClaims } from "../postgres_cluster/kinds.ts";
import { namespaceOfUpgrade, type Upgrade } from "./kinds.ts";
import type { Observation } from "./observe.ts";

/** A sentence with the remedy; undefined when nothing speaks against it. That the source does not run yet is no objection. */
export function objectionTo(
  seen: Observation,
  { cache }: Pick<ReconcileContext, "cache">,
): string | undefined {
  const { upgrade, source, names, stranger } = seen;
  const { name, namespace } = upgrade.spec.sourceCluster;
  const own = namespaceOfUpgrade(upgrade);
  if (namespace !== undefined && namespace !== own) {
    return `Cannot upgrade PostgresCluster ${namespace}/${name} from namespace ${own} as Services lead to pods of their own ` +
      `namespace only: make the PostgresUpgrade in namespace ${namespace}.`;
  }
  if (upgrade.metadata.name.length > nameLimits.upgrade) {
    return `Cannot upgrade as the name of the PostgresUpgrade has ${upgrade.metadata.name.length} characters, of which ` +
      `${nameLimits.upgrade} are allowed: the new cluster is called ${names.target}.`;
  }
  if (stranger) {
    return `Cannot make PostgresCluster ${names.target} as there is one of this name that this upgrade has not made: ` +
      "delete it, or give the upgrade another name.";
  }
  const claim = dataClaimName(names.target, 0);
  if (
    seen.target.kind === "missing" &&
    cache.get(PersistentVolumeClaims, { namespace: own, name: claim }) !== undefined
  ) {
    return `Cannot make PostgresCluster ${names.target} as claim ${claim} of an earlier one of this name exists, whose data ` +
      "it would take up: delete its claims, or give the upgrade another name.";
  }
  if (source.kind === "unreadable") return undefined;
  const fact = source.kind === "missing"
    ? "none" as const
    : { phase: "Running", version: source.cluster.status?.currentVersion ?? source.cluster.spec.version };
  const [finding] = reviewPostgresUpgrade({
    name: upgrade.metadata.name,
    spec: upgrade.spec,
    source: fact,
    others: olderUpgrades(upgrade, cache),
  });
  return finding?.message;
}

/** Of two that were made at the same time one must give way: the later, or that with the greater UID. */
function olderUpgrades(upgrade: Upgrade, cache: ReconcileContext["cache"]) {
  return [...cache.store(PostgresUpgrades.resource).values()]
    .filter(({ metadata }) => metadata.namespace === upgrade.metadata.namespace)
    .flatMap((raw) => {
      const decoded = PostgresUpgrades.decode(raw);
      if (!decoded.ok || !isStored(decoded.value) || !isOlder(decoded.value, upgrade)) return [];
      const { metadata, spec, status } = decoded.value;
      return [{ name: metadata.name, source: spec.sourceCluster.name, phase: status?.phase ?? "Pending" }];
    });
}

function isOlder(one: Upgrade, other: Upgrade): boolean {
  const age = ({ metadata }: Upgrade) => `${metadata.creationTimestamp ?? ""} ${metadata.uid}`;
  return age(one) < age(other);
}
