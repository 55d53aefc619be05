/** Keeps the parts of a MultigresCluster as they should be. */
import { CellTemplates } from "../../api/multigres/cell_template.ts";
import { Cells } from "../../api/multigres/cell.ts";
import { CoreTemplates } from "../../api/multigres/core_template.ts";
import { clusterLabel, ownedSelector } from "../../api/multigres/labels.ts";
import { type MultigresCluster, MultigresClusters } from "../../api/multigres/multigres_cluster.ts";
import { ShardTemplates } from "../../api/multigres/shard_template.ts";
import { Shards } from "../../api/multigres/shard.ts";
import { TableGroups } from "../../api/multigres/table_group.ts";
import { TopoServers } from "../../api/multigres/topo_server.ts";
import type { ActResult } from "../../kube/act.ts";
import { certificateSecrets } from "../../certs/secrets.ts";
import { Background } from "../../kube/background.ts";
import type { Cache } from "../../kube/cache.ts";
import type { Statement } from "../../kube/conditions.ts";
import type { Controller, Outcome, ReconcileContext } from "../../kube/controller.ts";
import { Deployments, PersistentVolumeClaims, Services as KubeServices } from "../../kube/kinds.ts";
import type { Plan } from "../../kube/plan.ts";
import { keyOf } from "../../kube/store.ts";
import type { Frozen, KubeObject, Stored } from "../../kube/types.ts";
import { isInternalCertificate } from "../components/internal_certificate.ts";
import { joined, outcomeOf, soonest } from "../outcome.ts";
import type { Services } from "../services.ts";
import { restOfParent } from "../status_rest.ts";
import { certificateSteps, ownedCertificates } from "./certificates.ts";
import { finalize } from "./finalize.ts";
import { clusterThatGoes, goneAtLast } from "./left_behind.ts";
import { neighboursOf } from "./neighbours.ts";
import { type Observation, observe } from "./observe.ts";
import { components, foundations, preparations, tableGroups } from "./plan.ts";
import { noticesOf, passNotices, statusOf } from "./status.ts";
import { usersOfTemplate } from "./template_users.ts";
import { inquiryFor, isRegistered, TOPOLOGY_BACKOFF, type TopologyTools } from "./topology.ts";
import type { ClusterView } from "./view.ts";

const own = { labels: ownedSelector };

export function multigresClusterController(services: Services): Controller<MultigresCluster> {
  const background = new Background<readonly string[]>(TOPOLOGY_BACKOFF);
  const { stores } = services;
  const toolsOf = (key: string): TopologyTools => ({ background, stores, key });
  return {
    name: "multigrescluster",
    statusRestMs: restOfParent,
    watched: { resource: MultigresClusters.resource },
    owns: [
      { resource: Cells.resource },
      { resource: TableGroups.resource },
      { resource: TopoServers.resource },
      { resource: Deployments, ...own },
      { resource: KubeServices, ...own },
      ...ownedCertificates,
    ],
    sources: [
      { watched: { resource: MultigresClusters.resource }, keys: neighboursOf },
      { watched: { resource: Shards.resource }, keys: clusterThatGoes },
      ...goneAtLast,
      { watched: certificateSecrets, keys: usersOfCertificate },
      { watched: { resource: PersistentVolumeClaims, labels: clusterLabel }, keys: () => [] },
      ...([CoreTemplates, CellTemplates, ShardTemplates] as const).map(({ resource }) => ({
        watched: { resource },
        keys: usersOfTemplate,
      })),
    ],
    wakes: [background],
    decode: (raw) => MultigresClusters.decode(raw),
    finalize: (raw, context) => finalize(raw, toolsOf(keyOf(raw.metadata)), context),
    reconcile: (cluster, context) =>
      reconcile(cluster, { services, tools: toolsOf(keyOf(cluster.metadata)) }, context),
    forget: (key) => background.forget(key),
  };
}

interface Means {
  readonly services: Services;
  readonly tools: TopologyTools;
}

async function reconcile(
  cluster: MultigresCluster & Stored,
  { services, tools }: Means,
  context: ReconcileContext,
): Promise<Outcome> {
  const before = observe(cluster, context, services);
  const prepared = await context.act(preparations(before));
  const isReady = prepared.kind === "done";
  const topologyNow = inquiryFor(before, tools, context);
  // The topology is written while the parts that do not need it are made.
  const asked = topologyNow();
  const certified = await certify(isReady ? before.view : undefined, context);
  const results: ActResult[] = [prepared, ...certified.results];
  if (isReady) {
    for (const plan of foundations(before, isRegistered(asked))) results.push(await context.act(plan));
    results.push(...await makeParts(before, () => isRegistered(topologyNow()), context));
    // Only after the pods were told of what they mount now.
    results.push(await context.act(certified.cleanup));
  }
  const topology = topologyNow();
  const result = joined(results);

  const pass = {
    seen: observe(cluster, context, services),
    result,
    topology,
    statements: certified.statements,
  };
  const status = statusOf(pass, context.clock);
  for (const notice of passNotices(cluster, pass)) context.record(notice);
  await context.writeStatus(status, noticesOf(cluster, status));
  const due = topology?.kind === "asked" ? topology.progress.dueMs / 1000 : 0;
  return soonest(soonest(outcomeOf(result), due), certified.dueSeconds);
}

/** TableGroups are made as soon as the topology has answered, so that volumes of databases are asked for early. */
async function makeParts(
  before: Observation,
  isRegisteredNow: () => boolean,
  context: ReconcileContext,
): Promise<ActResult[]> {
  const results: ActResult[] = [];
  let isGrouped = false;
  const group = async (registered: boolean) => {
    isGrouped = true;
    results.push(await context.act(tableGroups(before, registered)));
  };
  for (const part of components(before)) {
    if (!isGrouped && isRegisteredNow()) await group(true);
    results.push(await context.act(part));
  }
  if (!isGrouped) await group(isRegisteredNow());
  return results;
}

interface Certified {
  readonly results: readonly ActResult[];
  /** Removals of what is not needed any more. */
  readonly cleanup: Plan;
  readonly statements: readonly Statement[];
  /** When to look again at the latest; 0 when time changes nothing. */
  readonly dueSeconds: number;
}

/** What holds certificates up holds nothing else up. */
async function certify(view: ClusterView | undefined, context: ReconcileContext): Promise<Certified> {
  if (view === undefined) return { results: [], cleanup: [], statements: [], dueSeconds: 0 };
  const { steps, cleanup, statement, checkAfterSeconds = 0 } = await certificateSteps(view, context);
  return {
    results: [await context.act(steps)],
    cleanup,
    statements: statement === undefined ? [] : [statement],
    dueSeconds: checkAfterSeconds,
  };
}

/** Certificates that cert-manager issued have no owner that would lead to the cluster. */
function usersOfCertificate(secret: Frozen<KubeObject>, cache: Cache): string[] {
  return [...cache.store(MultigresClusters.resource).values()].filter(({ metadata }) => {
    const { name: cluster, namespace = "" } = metadata;
    return isInternalCertificate(secret, { component: "multiadmin", cluster, namespace });
  }).map(({ metadata }) => keyOf(metadata));
}
