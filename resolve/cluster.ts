/**
 * From what a user says about a cluster, and the templates of its namespace, to what is to be made: the one answer that
 * both the controllers and admission work with. Pure: the same spec and templates always give the same.
 */
import type { MultigresClusterStatus } from "../api/multigres/cluster_status.ts";
import type { MultigresClusterSpec } from "../api/multigres/multigres_cluster.ts";
import type { Notice } from "../kube/events.ts";
import { type ResolvedAdmin, resolveMultiadmin, resolveMultiadminWeb } from "./admin.ts";
import { resolveCell, type ResolvedCell } from "./cell.ts";
import { completeCluster, type CompleteClusterSpec, implicitParts } from "./cluster_defaults.ts";
import { resolveDatabase, type ResolvedDatabase } from "./database.ts";
import { type ResolvedGlobalTopoServer, resolveGlobalTopoServer } from "./global_topo_server.ts";
import { present } from "./present.ts";
import { gather, problemsOf, refused, type Resolved, resolved, type ResolveProblem } from "./problem.ts";
import type { Templates, TemplateScope } from "./templates.ts";

/** Settings that go to the children as they are. */
export type ClusterSettings = Pick<
  CompleteClusterSpec,
  | "certCommonName"
  | "images"
  | "internalTLS"
  | "logLevels"
  | "observability"
  | "postgresPasswordSecretRef"
  | "postgresSuperuser"
  | "topologyPruning"
>;

/** Names of the templates that take part, as the status tells them: sorted, each once; absent where there are none. */
export type UsedTemplates = NonNullable<MultigresClusterStatus["resolvedTemplates"]>;

export interface ResolvedCluster {
  readonly settings: ClusterSettings;
  readonly globalTopoServer: ResolvedGlobalTopoServer;
  readonly multiadmin: ResolvedAdmin;
  readonly multiadminWeb: ResolvedAdmin;
  /** In the order of the cluster. */
  readonly cells: readonly ResolvedCell[];
  readonly databases: readonly ResolvedDatabase[];
  readonly templates: UsedTemplates;
}

/** `notices` tell what was filled in without being asked for; they are the same for each call. */
export type ClusterResolution =
  | { readonly ok: true; readonly value: ResolvedCluster; readonly notices: readonly Notice[] }
  | { readonly ok: false; readonly problems: readonly ResolveProblem[] };

/** @param templates of the cluster's namespace. */
export function resolveCluster(spec: MultigresClusterSpec, templates: Templates): ClusterResolution {
  const complete = completeCluster(spec);
  const scope = { templates, defaults: spec.templateDefaults };
  const core = resolveCore(scope, complete);
  const cells = gather(
    (spec.cells ?? []).map((cell, index) => resolveCell(scope, cell, `spec.cells[${index}]`)),
  );
  const databases = gather(
    complete.databases.map((database, index) =>
      resolveDatabase(scope, complete, database, `spec.databases[${index}]`)
    ),
  );
  if (!core.ok || !cells.ok || !databases.ok) return refused(problemsOf([core, cells, databases]));
  return {
    ok: true,
    value: {
      settings: settingsOf(complete),
      ...core.value,
      cells: cells.value,
      databases: databases.value.map((database) => database.value),
      templates: usedTemplates(
        core.value,
        cells.value,
        databases.value.flatMap((database) => database.templates),
      ),
    },
    notices: [...implicitParts(spec), ...databases.value.flatMap((database) => database.notices)],
  };
}

function settingsOf(spec: CompleteClusterSpec): ClusterSettings {
  return {
    images: spec.images,
    logLevels: spec.logLevels,
    postgresPasswordSecretRef: spec.postgresPasswordSecretRef,
    postgresSuperuser: spec.postgresSuperuser,
    topologyPruning: spec.topologyPruning,
    ...present({
      certCommonName: spec.certCommonName,
      internalTLS: spec.internalTLS,
      observability: spec.observability,
    }),
  };
}

type Core = Pick<ResolvedCluster, "globalTopoServer" | "multiadmin" | "multiadminWeb">;

function resolveCore(scope: TemplateScope, spec: CompleteClusterSpec): Resolved<Core> {
  const globalTopoServer = resolveGlobalTopoServer(scope, spec.globalTopoServer, spec.pvcDeletionPolicy);
  const multiadmin = resolveMultiadmin(scope, spec.multiadmin);
  const multiadminWeb = resolveMultiadminWeb(scope, spec.multiadminWeb);
  if (!globalTopoServer.ok || !multiadmin.ok || !multiadminWeb.ok) {
    return refused(problemsOf([globalTopoServer, multiadmin, multiadminWeb]));
  }
  return resolved({
    globalTopoServer: globalTopoServer.value,
    multiadmin: multiadmin.value,
    multiadminWeb: multiadminWeb.value,
  });
}

/** Components of a kind may name different templates, and several the same. */
function usedTemplates(core: Core, cells: readonly ResolvedCell[], shards: readonly string[]): UsedTemplates {
  return present({
    coreTemplates: namesOf(Object.values(core).map((part) => part.template)),
    cellTemplates: namesOf(cells.map((cell) => cell.template)),
    shardTemplates: namesOf(shards),
  });
}

function namesOf(names: readonly (string | undefined)[]): string[] | undefined {
  const distinct = new Set(names.filter((name) => name !== undefined));
  return distinct.size === 0 ? undefined : [...distinct].sort();
}
