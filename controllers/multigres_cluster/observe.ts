/** What is, around one MultigresCluster, and what it means. */
import { appliedImagesAnnotation } from "../../api/multigres/annotations.ts";
import { type Cell, Cells } from "../../api/multigres/cell.ts";
import { CellTemplates } from "../../api/multigres/cell_template.ts";
import { CoreTemplates } from "../../api/multigres/core_template.ts";
import type { MultigresCluster } from "../../api/multigres/multigres_cluster.ts";
import { globalGatewayServiceName, multiadminName, multiadminWebName } from "../../api/multigres/names.ts";
import { ShardTemplates } from "../../api/multigres/shard_template.ts";
import { type TableGroup, TableGroups } from "../../api/multigres/table_group.ts";
import { type TopoServer, TopoServers } from "../../api/multigres/topo_server.ts";
import type { Cache } from "../../kube/cache.ts";
import { timestamp } from "../../kube/conditions.ts";
import type { ReconcileContext } from "../../kube/controller.ts";
import { type Deployment, Deployments, type Service, Services as KubeServices } from "../../kube/kinds.ts";
import { Recent } from "../../kube/recent.ts";
import type { Resource } from "../../kube/resource.ts";
import { isStored } from "../../kube/stored.ts";
import type { Frozen, KubeObject, Stored } from "../../kube/types.ts";
import { type ClusterResolution, resolveCluster } from "../../resolve/cluster.ts";
import { decideImages, type ImageDecision, type ImageQuestion } from "../../resolve/image_decision.ts";
import { readImageRecord } from "../../resolve/image_record.ts";
import type { ResolveProblem } from "../../resolve/problem.ts";
import { readTemplates, type Templates } from "../../resolve/templates.ts";
import { reviewCluster } from "../../resolve/validation/cluster.ts";
import { errorsOf, type Finding } from "../../resolve/validation/finding.ts";
import type { Services } from "../services.ts";
import { certificateVersion, internalCertificate } from "../components/internal_certificate.ts";
import { lossesOf } from "./losses.ts";
import { topologyNeighbour, trespasses } from "./neighbours.ts";
import type { ClusterView } from "./view.ts";

export type SeenCell = Frozen<Cell> & Stored;
export type SeenTableGroup = Frozen<TableGroup> & Stored;
export type SeenTopoServer = Frozen<TopoServer> & Stored;

/** The objects that were made for a cluster, wanted or not. */
export interface Children {
  readonly cells: readonly SeenCell[];
  readonly tableGroups: readonly SeenTableGroup[];
  /** Of the cluster itself, and of its cells. */
  readonly topoServers: readonly SeenTopoServer[];
}

export interface Observation extends Children {
  readonly cluster: MultigresCluster & Stored;
  readonly resolution: ClusterResolution;
  readonly images: { readonly question: ImageQuestion; readonly decision: ImageDecision };
  /** What children are made from; undefined while it is not known, and then no child is changed. */
  readonly view: ClusterView | undefined;
  readonly multiadmin: Frozen<Deployment> | undefined;
  readonly multiadminWeb: Frozen<Deployment> | undefined;
  readonly gatewayService: Frozen<Service> | undefined;
  readonly adminWebService: Frozen<Service> | undefined;
  /** Another cluster, as namespace and name, whose records are in the same place of a topology server. */
  readonly neighbour: string | undefined;
  /** RFC 3339. */
  readonly now: string;
}

/** Reads the stores; makes no request. */
export function observe(
  cluster: MultigresCluster & Stored,
  { cache, clock }: Pick<ReconcileContext, "cache" | "clock">,
  services: Services,
): Observation {
  const { name, uid } = cluster.metadata;
  const children = childrenOf(uid, cache);
  const resolution = resolutionOf(cluster, cache, children);
  const question = imageQuestion(cluster, services);
  const decision = decideImages(question);
  const named = <T extends KubeObject>(objects: readonly Frozen<T>[], wanted: string) =>
    objects.find(({ metadata }) => metadata.name === wanted);
  const deployments = cache.children(Deployments, uid);
  const kubeServices = cache.children(KubeServices, uid);
  return {
    cluster,
    ...children,
    resolution,
    images: { question, decision },
    view: viewOf(cluster, resolution, decision, { services, cache }),
    multiadmin: named(deployments, multiadminName(name)),
    multiadminWeb: named(deployments, multiadminWebName(name)),
    gatewayService: named(kubeServices, globalGatewayServiceName(name)),
    adminWebService: named(kubeServices, multiadminWebName(name)),
    neighbour: topologyNeighbour(cluster, cache),
    now: timestamp(clock.now()),
  };
}

/** @param uid of the cluster. */
export function childrenOf(uid: string, cache: Cache): Children {
  const cells = cache.children(Cells.resource, uid).filter(isStored);
  const owners = [uid, ...cells.map(({ metadata }) => metadata.uid)];
  return {
    cells,
    tableGroups: cache.children(TableGroups.resource, uid).filter(isStored),
    topoServers: owners.flatMap((owner) => cache.children(TopoServers.resource, owner)).filter(isStored),
  };
}

/** The templates of a namespace, as they lie in the stores, and what tells their versions from others. */
function templatesOf(
  namespace: string,
  cache: Cache,
): { readonly templates: Templates; readonly versions: string } {
  const inNamespace = (resource: Resource<KubeObject>) =>
    [...cache.store(resource).values()].filter(({ metadata }) => metadata.namespace === namespace);
  const objects = {
    CoreTemplate: inNamespace(CoreTemplates.resource),
    CellTemplate: inNamespace(CellTemplates.resource),
    ShardTemplate: inNamespace(ShardTemplates.resource),
  };
  const versions = Object.values(objects).flat()
    .map(({ metadata: { uid, resourceVersion } }) => `${uid}/${resourceVersion}`);
  return { templates: readTemplates(namespace, objects), versions: versions.join() };
}

/** What the cluster means, unless that would take something away that nobody asked to be taken away. */
function resolutionOf(
  cluster: MultigresCluster & Stored,
  cache: Cache,
  { tableGroups }: Children,
): ClusterResolution {
  const { namespace = "", uid, generation } = cluster.metadata;
  const { templates, versions } = templatesOf(namespace, cache);
  const understand = () => understood(cluster.spec, templates);
  const { resolution, objections } = generation === undefined
    ? understand()
    : recent.get([uid, generation, versions].join(), understand);
  if (!resolution.ok) return resolution;
  const problems = [
    ...objections,
    ...problemsOf(trespasses(cluster, cache)),
    ...lossesOf(cluster, resolution.value, { templates, tableGroups }),
  ];
  return problems.length === 0 ? resolution : { ok: false, problems };
}

/** What follows from a spec and templates alone. */
interface Understood {
  readonly resolution: ClusterResolution;
  readonly objections: readonly ResolveProblem[];
}

/** Passes over a cluster ask what it means again and again. */
const recent = new Recent<Understood>(64);

function understood(spec: MultigresCluster["spec"], templates: Templates): Understood {
  const resolution = resolveCluster(spec, templates);
  return { resolution, objections: resolution.ok ? objectionsTo(spec, templates) : [] };
}

/** What admission refuses, for the case that it was not asked. */
function objectionsTo(spec: MultigresCluster["spec"], templates: Templates): ResolveProblem[] {
  return problemsOf(reviewCluster({ spec, templates }));
}

function problemsOf(findings: readonly Finding[]): ResolveProblem[] {
  return errorsOf(findings).map(({ path, message }) => ({ reason: "ConfigError", path, message }));
}

function imageQuestion(cluster: MultigresCluster & Stored, { images }: Services): ImageQuestion {
  const annotation = cluster.metadata.annotations?.[appliedImagesAnnotation];
  return {
    pins: cluster.spec.images,
    policy: cluster.spec.imageUpdatePolicy,
    ...images,
    record: readImageRecord(annotation, cluster.status?.images?.applied),
  };
}

function viewOf(
  owner: MultigresCluster & Stored,
  resolution: ClusterResolution,
  decision: ImageDecision,
  { services: { telemetry }, cache }: { readonly services: Services; readonly cache: Cache },
): ClusterView | undefined {
  if (!resolution.ok || decision.kind === "unknown") return undefined;
  const { name, namespace = "" } = owner.metadata;
  const parent = { name, namespace, cluster: resolution.value, images: decision.effective };
  const secret = internalCertificate(cache, resolution.value.settings.internalTLS, {
    component: "multiadmin",
    cluster: name,
    namespace,
  });
  return { owner, parent, telemetry, adminCertificate: certificateVersion(secret) };
}
