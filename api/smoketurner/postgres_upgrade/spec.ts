/** `spec` of a PostgresUpgrade: move a cluster to a newer major version by way of a second cluster. */
import { defaulted, optional, type Output, required, type Struct, struct } from "../../schema/fields.ts";
import { int32, mapOf, text } from "../../schema/values.ts";
import { resourceRequirements } from "../resources.ts";
import { postgresVersion } from "../version.ts";
import { type UpgradeStrategy, writtenStrategy } from "./strategy.ts";

const sourceCluster = struct({
  name: required(text(), "Name of the PostgresCluster to upgrade; fixed."),
  namespace: optional(text(), "Namespace of the cluster; the one of this object when left out. Fixed."),
});

const overrides = {
  replicas: optional(int32({ min: 1, max: 100 }), "Number of members; as in the source when left out."),
  resources: optional(resourceRequirements, "Resources of each member; as in the source when left out."),
  labels: optional(mapOf(text()), "Labels in addition to those of the source."),
};
export type TargetClusterOverrides = Output<Struct<typeof overrides>>;

/** What does not differ between the spellings. */
const settings = {
  sourceCluster: required(sourceCluster, "Cluster to upgrade."),
  targetVersion: required(postgresVersion, "Major version to arrive at, above the source's; fixed."),
};

/** `spec` as manifests spell it: what the API server accepts. */
export const writtenPostgresUpgradeSpec = struct({
  ...settings,
  targetClusterOverrides: optional(
    struct({ ...overrides, name: optional(text(), "Ignored: the new cluster is called <upgrade>-target.") }),
    "In what the new cluster differs from the source.",
  ),
  strategy: defaulted(writtenStrategy, {}, "How the move goes."),
});
export type WrittenPostgresUpgradeSpec = Output<typeof writtenPostgresUpgradeSpec>;

/** `spec` in the one spelling that controllers see. */
export interface PostgresUpgradeSpec extends Output<Struct<typeof settings>> {
  targetClusterOverrides?: TargetClusterOverrides;
  strategy: UpgradeStrategy;
}
