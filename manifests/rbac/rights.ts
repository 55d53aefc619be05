/**
 * What the operator may do in a cluster: the table from which its roles are made. Each right stands where it is needed,
 * with the reason. Tests run under these rights alone, and one that is missing fails the run. `create` goes with `patch`: a
 * server-side apply to what is not there yet asks for both.
 */
import { CellTemplates } from "../../api/multigres/cell_template.ts";
import { Cells } from "../../api/multigres/cell.ts";
import { CoreTemplates } from "../../api/multigres/core_template.ts";
import { MultigresClusters } from "../../api/multigres/multigres_cluster.ts";
import { Shards } from "../../api/multigres/shard.ts";
import { ShardTemplates } from "../../api/multigres/shard_template.ts";
import { TableGroups } from "../../api/multigres/table_group.ts";
import { TopoServers } from "../../api/multigres/topo_server.ts";
import { PostgresClusters } from "../../api/smoketurner/postgres_cluster.ts";
import { PostgresDatabases } from "../../api/smoketurner/postgres_database.ts";
import { PostgresUpgrades } from "../../api/smoketurner/postgres_upgrade.ts";
import { Certificates } from "../../certs/cert_manager.ts";
import {
  ScaledObjects,
  TriggerAuthentications,
} from "../../controllers/postgres_cluster/autoscaling/keda.ts";
import { PodMetricsKind } from "../../controllers/postgres_cluster/autoscaling/load.ts";
import * as patroniKinds from "../../controllers/postgres_cluster/kinds.ts";
import { Jobs } from "../../controllers/postgres_upgrade/kinds.ts";
import { Definitions } from "../../kube/definition.ts";
import * as kinds from "../../kube/kinds.ts";
import { defineResource, type Resource } from "../../kube/resource.ts";
import { hookConfigurations } from "../../webhook/pki/bundles.ts";

/** What can be asked of the API server. Nothing else is ever asked for. */
export type Verb = "get" | "list" | "watch" | "create" | "update" | "patch" | "delete";

export interface Right {
  readonly resource: Resource;
  readonly subresource?: string;
  readonly verbs: readonly Verb[];
  /** Names that it is limited to. */
  readonly names?: readonly string[];
  /** Why it is needed, where kind and verbs do not say. */
  readonly why?: string;
}

/** Where rights hold: in every namespace that is watched, in the operator's own, or for what has no namespace. */
export type Scope = "watched" | "own" | "cluster";

/** One role. */
export interface Module {
  /** Becomes part of the role's name. */
  readonly name: string;
  readonly purpose: string;
  readonly scope: Scope;
  /** Who bears it. */
  readonly account: "operator" | "gc";
  /** Goes with the admission webhooks: an installation without them leaves it out. */
  readonly admission?: true;
  readonly rights: readonly Right[];
}

const see: readonly Verb[] = ["list", "watch"];
const keep: readonly Verb[] = ["get", ...see, "create", "patch"];
const keepAndRemove: readonly Verb[] = [...keep, "delete"];
const everything: readonly Verb[] = ["get", ...see, "create", "update", "patch", "delete"];

function right(
  resource: Resource,
  verbs: readonly Verb[],
  more: Omit<Right, "resource" | "verbs"> = {},
): Right {
  return { resource, verbs, ...more };
}

/** A kind of ours that is reconciled: its status is written, and children name it as an owner whose end waits for theirs. */
function reconciled(resource: Resource, verbs: readonly Verb[]): Right[] {
  return [
    right(resource, verbs),
    right(resource, ["patch"], { subresource: "status" }),
    right(resource, ["update"], {
      subresource: "finalizers",
      why: "asked for where the admission plug-in OwnerReferencesPermissionEnforcement is on",
    }),
  ];
}

const multigres: Module = {
  name: "multigres",
  purpose: "MultigresClusters and what they consist of",
  scope: "watched",
  account: "operator",
  rights: [
    ...reconciled(MultigresClusters.resource, [...see, "patch"]),
    ...[Cells, TableGroups, Shards, TopoServers].flatMap(({ resource }) =>
      reconciled(resource, keepAndRemove)
    ),
    ...[CoreTemplates, CellTemplates, ShardTemplates].map(({ resource }) => right(resource, see)),
    right(kinds.Deployments, keepAndRemove),
    right(kinds.StatefulSets, keep),
    right(kinds.Services, keepAndRemove),
    right(kinds.PodDisruptionBudgets, keepAndRemove),
    right(kinds.ConfigMaps, keep),
    right(kinds.Pods, [...see, "create", "patch", "delete"]),
    right(kinds.PersistentVolumeClaims, keepAndRemove),
    right(kinds.Secrets, keepAndRemove, { why: "certificates are kept in them, passwords are read" }),
    right(Certificates, keepAndRemove, { why: "where cert-manager issues" }),
    right(kinds.Events, ["create", "patch"]),
  ],
};

const patroni: Module = {
  name: "patroni",
  purpose: "PostgresClusters, PostgresDatabases and PostgresUpgrades",
  scope: "watched",
  account: "operator",
  rights: [
    ...reconciled(PostgresClusters.resource, keepAndRemove),
    ...reconciled(PostgresDatabases.resource, ["get", ...see, "patch"]),
    ...reconciled(PostgresUpgrades.resource, [...see, "patch"]),
    right(kinds.StatefulSets, keepAndRemove, { why: "deleted, without their pods, where volumes grow" }),
    right(kinds.Deployments, keepAndRemove),
    right(kinds.Services, keepAndRemove),
    right(kinds.ConfigMaps, everything, {
      why: "members may do the same: none can be given what its giver lacks",
    }),
    right(patroniKinds.EndpointsKind, everything, { why: "as ConfigMaps; what Patroni leaves is deleted" }),
    right(kinds.Pods, ["get", ...see, "patch", "delete"], { why: "get: members may do so" }),
    right(kinds.Pods, ["patch"], { subresource: "resize" }),
    right(kinds.Pods, ["get", "create"], {
      subresource: "exec",
      why: "backups are listed, and taken when asked",
    }),
    right(kinds.PersistentVolumeClaims, [...see, "patch"], { why: "they grow, and are kept" }),
    right(kinds.Secrets, keepAndRemove),
    right(kinds.PodDisruptionBudgets, keepAndRemove),
    right(patroniKinds.NetworkPolicies, keepAndRemove),
    right(patroniKinds.ServiceAccounts, keepAndRemove),
    right(patroniKinds.Roles, keepAndRemove, { why: "of Patroni in each cluster's namespace" }),
    right(patroniKinds.RoleBindings, keepAndRemove),
    right(Certificates, keepAndRemove),
    right(Jobs, [...see, "create"], { why: "definitions are copied by one; it goes with its upgrade" }),
    right(ScaledObjects, keepAndRemove, { why: "where KEDA is installed" }),
    right(TriggerAuthentications, keepAndRemove),
    right(PodMetricsKind, ["list"], { why: "the load that clusters scale by" }),
    right(kinds.Events, ["create", "patch"]),
  ],
};

const clusterFacts: Module = {
  name: "cluster-facts",
  purpose: "What is true of the cluster as a whole",
  scope: "cluster",
  account: "operator",
  rights: [
    right(kinds.Nodes, see, { why: "where cells can be" }),
    right(kinds.Namespaces, see, {
      why:
        "rules of production hold where the label env=production is; what ends with its namespace is let through",
    }),
    right(kinds.StorageClasses, see, { why: "whether volumes can grow" }),
    right(Definitions, see, { why: "kinds that are not served yet are waited for" }),
  ],
};

const webhookTrust: Module = {
  name: "webhook-trust",
  purpose: "caBundle of the operator's own webhook configurations",
  scope: "cluster",
  account: "operator",
  admission: true,
  rights: hookConfigurations.map(({ resource, name }) =>
    right(resource, ["get", ...see, "patch"], { names: [name] })
  ),
};

const webhookCertificates: Module = {
  name: "webhook-certificates",
  purpose: "Authority and certificate of the admission webhooks, and proof that they are reached",
  scope: "own",
  account: "operator",
  admission: true,
  rights: [
    right(kinds.Secrets, keep),
    right(kinds.Deployments, ["list"], { why: "the owner of these Secrets" }),
    right(kinds.Events, ["create", "patch"]),
    right(MultigresClusters.resource, ["create"], { why: "a dry run, which the webhook refuses" }),
  ],
};

const leaderElection: Module = {
  name: "leader-election",
  purpose: "The Lease of the replica that works",
  scope: "own",
  account: "operator",
  rights: [
    right(kinds.Leases, ["get", ...see, "create", "update"]),
  ],
};

function review(group: string, kind: string): Resource {
  return defineResource({ group, version: "v1", kind, plural: `${kind.toLowerCase()}s`, namespaced: false });
}

const metricsAccess: Module = {
  name: "metrics-access",
  purpose: "Who asks for metrics, and whether they may",
  scope: "cluster",
  account: "operator",
  rights: [
    right(review("authentication.k8s.io", "TokenReview"), ["create"]),
    right(review("authorization.k8s.io", "SubjectAccessReview"), ["create"]),
  ],
};

const gc: Module = {
  name: "gc",
  purpose: "Removal of claims that their shards left behind",
  scope: "watched",
  account: "gc",
  rights: [
    right(kinds.PersistentVolumeClaims, ["list", "delete"]),
    right(kinds.Pods, ["list"], { why: "a claim that is in use stays" }),
  ],
};

/** All roles, in the order in which they are written down. */
export const modules: readonly Module[] = [
  multigres,
  patroni,
  clusterFacts,
  leaderElection,
  metricsAccess,
  webhookTrust,
  webhookCertificates,
  gc,
];

/** `deployments`, or `pods/resize`. */
export function resourceName({ resource, subresource }: Right): string {
  return subresource === undefined ? resource.plural : `${resource.plural}/${subresource}`;
}
