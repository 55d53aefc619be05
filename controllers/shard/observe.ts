/** What is, around one Shard, as the stores have it. */
import { projectRefAnnotation } from "../../api/multigres/annotations.ts";
import { clusterLabel, databaseLabel, shardLabel, tableGroupLabel } from "../../api/multigres/labels.ts";
import {
  backupClaimName,
  orchestratorDeploymentName,
  postgresConfigMapName,
  shardObjectName,
} from "../../api/multigres/names.ts";
import type { Shard } from "../../api/multigres/shard.ts";
import type { Cache } from "../../kube/cache.ts";
import type { ReconcileContext } from "../../kube/controller.ts";
import { podsOfDeployment } from "../../kube/deployment_pods.ts";
import {
  ConfigMaps,
  type Deployment,
  Deployments,
  type PersistentVolumeClaim,
  PersistentVolumeClaims,
  type Pod,
  type PodDisruptionBudget,
  PodDisruptionBudgets,
  Pods,
} from "../../kube/kinds.ts";
import { keyOf } from "../../kube/store.ts";
import { isStored } from "../../kube/stored.ts";
import type { Frozen, KubeObject, Stored } from "../../kube/types.ts";
import type { OperatorTelemetry } from "../components/telemetry_environment.ts";
import { certificateVersion, internalCertificate } from "../components/internal_certificate.ts";
import { certificateTerms } from "./certificate_terms.ts";
import type { StandingClaim } from "./desired_claims.ts";
import { recordedSettings } from "./desired_config_maps.ts";
import {
  namespaceOf,
  orchestratorCells,
  POOL_COMPONENT,
  shardLabels,
  shardPath,
  type ShardSettings,
  type ShardView,
} from "./view.ts";

export type SeenPod = Frozen<Pod> & Stored;
export type SeenClaim = Frozen<PersistentVolumeClaim> & Stored;

export interface Observation {
  /** Without settings: these are put together later. */
  readonly view: ShardView;
  /** Pods of pools, wanted or not. */
  readonly pods: readonly SeenPod[];
  /** Claims for data and backups, wanted or not, owned or not. */
  readonly claims: readonly SeenClaim[];
  readonly backupClaim: (SeenClaim & StandingClaim) | undefined;
  readonly orchestrators: readonly (Frozen<Deployment> & Stored)[];
  readonly orchestratorPods: readonly Frozen<Pod>[];
  readonly budgets: readonly (Frozen<PodDisruptionBudget> & Stored)[];
  /** The settings that the instances have. */
  readonly recorded: ShardSettings | undefined;
}

/** Reads the stores; makes no request. */
export function observe(
  owner: Shard & Stored,
  { cache }: Pick<ReconcileContext, "cache">,
  telemetry: OperatorTelemetry,
): Observation {
  const view = { ...viewOf(owner, telemetry), ...certificatesOf(owner, cache) };
  const { uid } = owner.metadata;
  const claims = claimsOf(view, cache);
  const orchestrators = cache.children(Deployments, uid).filter(isStored);
  const settings = cache.get(ConfigMaps, {
    namespace: namespaceOf(view),
    name: postgresConfigMapName(owner.metadata.name),
  });
  return {
    view,
    pods: cache.children(Pods, uid).filter(isStored).filter(isOfPool),
    claims,
    backupClaim: backupClaimOf(view, claims, cache),
    orchestrators,
    orchestratorPods: orchestratorPodsOf(view, orchestrators, cache),
    budgets: cache.children(PodDisruptionBudgets, uid).filter(isStored),
    recorded: settings === undefined ? undefined : recordedSettings(settings),
  };
}

/** Also of Deployments that are gone, as their pods may still be at work. */
function orchestratorPodsOf(
  view: ShardView,
  orchestrators: readonly Frozen<Deployment>[],
  cache: Cache,
): Frozen<Pod>[] {
  const namespace = namespaceOf(view);
  const wanted = orchestratorCells(view)
    .map((cell) => orchestratorDeploymentName(shardPath(view), cell));
  const names = new Set([...orchestrators.map(({ metadata }) => metadata.name), ...wanted]);
  return [...names].flatMap((name) => podsOfDeployment(cache, { namespace, name }));
}

function viewOf(owner: Shard & Stored, telemetry: OperatorTelemetry): ShardView {
  const cluster = clusterOf(owner);
  const project = owner.metadata.annotations?.[projectRefAnnotation] ?? cluster;
  return { owner, cluster, project, telemetry, config: undefined };
}

function certificatesOf(
  owner: Shard & Stored,
  cache: Cache,
): Pick<ShardView, "orchestratorCertificate" | "instanceCertificate"> {
  const { internalTLS } = owner.spec;
  const { namespace = "default" } = owner.metadata;
  const secretOf = (component: "multiorch" | "multipooler") =>
    internalCertificate(cache, internalTLS, { component, cluster: clusterOf(owner), namespace });
  return {
    orchestratorCertificate: certificateVersion(secretOf("multiorch")),
    instanceCertificate: certificateTerms(secretOf("multipooler")),
  };
}

/** The cluster that a shard belongs to; one that was made by hand stands for itself. */
export function clusterOf({ metadata }: Frozen<Shard>): string {
  return metadata.labels?.[clusterLabel] ?? metadata.name;
}

/** Claims outlive their owners, so they are found by labels. */
function claimsOf(view: ShardView, cache: Cache): SeenClaim[] {
  const labels = shardLabels(view, POOL_COMPONENT);
  const keys = [clusterLabel, databaseLabel, tableGroupLabel, shardLabel];
  return cache.store(PersistentVolumeClaims).find(BY_SHARD, keys.map((key) => labels[key]).join("/"))
    .filter(({ metadata }) => metadata.namespace === view.owner.metadata.namespace)
    .filter(isStored);
}

function backupClaimOf(view: ShardView, claims: readonly SeenClaim[], cache: Cache) {
  const claim = claims.find(({ metadata }) => metadata.name === backupClaimName(shardPath(view)));
  if (claim === undefined) return undefined;
  const owned = cache.store(PersistentVolumeClaims).entry(keyOf(claim.metadata))?.owned.main?.["f:spec"];
  return { ...claim, namesClass: owned?.includes('"f:storageClassName"') ?? false };
}

const BY_SHARD = "shard";

/** Index that a watch of claims needs for {@link observe}. */
export const claimIndex = {
  [BY_SHARD]: ({ metadata }: Frozen<KubeObject>): string[] => {
    const { labels = {} } = metadata;
    const values = [clusterLabel, databaseLabel, tableGroupLabel, shardLabel].map((key) => labels[key]);
    return values.some((value) => value === undefined) ? [] : [values.join("/")];
  },
};

/** The shard of a claim, whoever owns the claim. */
export function shardsOfClaim(claim: Frozen<KubeObject>): string[] {
  const { labels = {}, namespace } = claim.metadata;
  const [cluster, database, tableGroup, shard] = [clusterLabel, databaseLabel, tableGroupLabel, shardLabel]
    .map((key) => labels[key]);
  if (cluster === undefined || database === undefined || tableGroup === undefined || shard === undefined) {
    return [];
  }
  const name = shardObjectName({ cluster, database, tableGroup, shard });
  return [keyOf(namespace === undefined ? { name } : { namespace, name })];
}

/** Other pods of the shard, the orchestrators', have an owner of their own. */
function isOfPool({ metadata }: SeenPod): boolean {
  return metadata.labels?.["app.kubernetes.io/component"] === POOL_COMPONENT;
}
