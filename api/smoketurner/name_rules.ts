/** CEL rules on the names of objects: what derives from a name has to fit, too. */
import { nameWithoutDot, onCreation, type ValidationRule } from "../schema/metadata.ts";
import { DNS_LABEL_MAX, nameLimits } from "./names.ts";

const { cluster, pooledCluster, upgrade } = nameLimits;
const hasReplicaPooler =
  "has(self.spec.pgbouncer) && self.spec.pgbouncer.enabled && self.spec.pgbouncer.enableReplicaPooler";

export const clusterNameRules: readonly ValidationRule[] = [
  nameWithoutDot(
    "Cannot create a cluster with a dot in its name as its Services could not be called after it: use a hyphen",
  ),
  onCreation(
    `self.metadata.name.size() <= (${hasReplicaPooler} ? ${pooledCluster} : ${cluster})`,
    "Cannot create a cluster with so long a name as the names of its Services and pods would not fit: use at most " +
      `${cluster} characters, ${pooledCluster} with a replica pooler`,
  ),
];

export const databaseNameRules: readonly ValidationRule[] = [
  onCreation(
    `self.metadata.name.size() <= ${DNS_LABEL_MAX}`,
    "Cannot create a database with so long a name as it would not fit into the label of its Secrets: use at most " +
      `${DNS_LABEL_MAX} characters`,
  ),
];

export const upgradeNameRules: readonly ValidationRule[] = [
  nameWithoutDot(
    "Cannot create an upgrade with a dot in its name as the new cluster is called after it: use a hyphen",
  ),
  onCreation(
    `self.metadata.name.size() <= ${upgrade}`,
    "Cannot create an upgrade with so long a name as the new cluster is called after it: use at most " +
      `${upgrade} characters`,
  ),
];
