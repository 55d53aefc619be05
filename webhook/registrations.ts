/**
 * Every hook that is served, once: the server takes its paths from here, and the manifests are made from it. Names and paths
 * are those that existing installations have.
 */
import { CellTemplates } from "../api/multigres/cell_template.ts";
import { Cells } from "../api/multigres/cell.ts";
import { CoreTemplates } from "../api/multigres/core_template.ts";
import { MultigresClusters } from "../api/multigres/multigres_cluster.ts";
import { Shards } from "../api/multigres/shard.ts";
import { ShardTemplates } from "../api/multigres/shard_template.ts";
import { TableGroups } from "../api/multigres/table_group.ts";
import { TopoServers } from "../api/multigres/topo_server.ts";
import { PostgresClusters } from "../api/smoketurner/postgres_cluster.ts";
import { PostgresUpgrades } from "../api/smoketurner/postgres_upgrade.ts";
import type { Resource } from "../kube/resource.ts";
import { guardChild } from "./guards.ts";
import type { Handler } from "./handlers/handler.ts";
import { clusterChecks, clusterDefaults } from "./handlers/multigres_cluster.ts";
import { postgresClusterChecks } from "./handlers/postgres_cluster.ts";
import { postgresUpgradeChecks } from "./handlers/postgres_upgrade.ts";
import { templateChecks } from "./handlers/templates.ts";

/**
 * Whom the API server lets through without asking, so that what must go on goes on while nobody answers:
 * - `leaving`: changes of an object that is being deleted;
 * - `housekeepers`: the controllers that end namespaces and clean up after owners;
 * - `operator`: the operator itself, which starts before its server does.
 */
export type Exemption = "leaving" | "housekeepers" | "operator";

export interface Registration {
  /** Name of the hook in its configuration. */
  readonly name: string;
  readonly type: "mutating" | "validating";
  readonly path: string;
  readonly resource: Resource;
  readonly operations: readonly ("CREATE" | "UPDATE" | "DELETE")[];
  readonly exempt: readonly Exemption[];
  /** Why a request fails when nobody answers. */
  readonly why: string;
  readonly handler: Handler;
}

const guard: Handler = {
  needs: [],
  review: (request, { account }) => guardChild(request, account),
};

function multigresHook(
  type: Registration["type"],
  resource: Resource,
  settings: Pick<Registration, "operations" | "exempt" | "why" | "handler">,
): Registration {
  const kind = resource.kind.toLowerCase();
  const [letter, verb] = type === "mutating" ? ["m", "mutate"] : ["v", "validate"];
  return {
    name: `${letter}${kind}.kb.io`,
    type,
    path: `/${verb}-multigres-com-${resource.version}-${kind}`,
    resource,
    ...settings,
  };
}

function child(resource: Resource): Registration {
  return multigresHook("validating", resource, {
    operations: ["CREATE", "UPDATE", "DELETE"],
    exempt: ["operator", "housekeepers"],
    why:
      "A guard that is away guards nothing. Nobody but the operator has business here, and it is let through without " +
      "being asked, as are the controllers that clean up.",
    handler: guard,
  });
}

function template(resource: Resource, kind: "CoreTemplate" | "CellTemplate" | "ShardTemplate"): Registration {
  return multigresHook("validating", resource, {
    operations: ["CREATE", "UPDATE", "DELETE"],
    exempt: ["leaving", "housekeepers"],
    why:
      "A template that is deleted or broken unseen takes settings away from running clusters. The end of a namespace " +
      "does not wait for it.",
    handler: templateChecks(kind),
  });
}

export const registrations: readonly Registration[] = [
  multigresHook("mutating", MultigresClusters.resource, {
    operations: ["CREATE", "UPDATE"],
    exempt: ["leaving"],
    why:
      "A cluster that is stored without its defaults could be refused by the schema, or take others later. Clusters that " +
      "are being deleted are let through.",
    handler: clusterDefaults,
  }),
  multigresHook("validating", MultigresClusters.resource, {
    operations: ["CREATE", "UPDATE"],
    exempt: ["leaving"],
    why:
      "What is wrong with a cluster is better said before it is stored, and a volume that is asked to shrink has no " +
      "way back. Clusters that are being deleted are let through.",
    handler: clusterChecks,
  }),
  template(CoreTemplates.resource, "CoreTemplate"),
  template(CellTemplates.resource, "CellTemplate"),
  template(ShardTemplates.resource, "ShardTemplate"),
  child(Cells.resource),
  child(Shards.resource),
  child(TableGroups.resource),
  child(TopoServers.resource),
  {
    name: "validate.postgrescluster.postgres-operator.smoketurner.com",
    type: "validating",
    path: "/validate",
    resource: PostgresClusters.resource,
    operations: ["CREATE", "UPDATE"],
    exempt: ["leaving"],
    why:
      "Rules of production that hold only while somebody answers are none. Clusters that are being deleted are let " +
      "through.",
    handler: postgresClusterChecks,
  },
  {
    name: "validate.postgresupgrade.postgres-operator.smoketurner.com",
    type: "validating",
    path: "/validate-upgrade",
    resource: PostgresUpgrades.resource,
    operations: ["CREATE", "UPDATE"],
    exempt: ["leaving"],
    why:
      "An upgrade that changes its source half-way loses data. Upgrades that are being deleted are let through.",
    handler: postgresUpgradeChecks,
  },
];
