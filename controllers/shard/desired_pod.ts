/** The pod of one instance of a pool. */
import {
  certificateTermsAnnotation,
  postgresConfigHashAnnotation,
  postgresReloadHashAnnotation,
  projectRefAnnotation,
  scrapeAnnotationPrefix,
  specHashAnnotation,
  userHashAnnotation,
} from "../../api/multigres/annotations.ts";
import { poolPodName, poolServiceName } from "../../api/multigres/names.ts";
import { ports } from "../../api/multigres/ports.ts";
import type { Applied } from "../../kube/client.ts";
import type { Problem } from "../../kube/controller.ts";
import { digestOf } from "../../kube/digest.ts";
import type { Pod } from "../../kube/kinds.ts";
import { Recent } from "../../kube/recent.ts";
import { internalTls } from "../components/internal_tls.ts";
import type { PodSpec, Volume } from "../components/pod_parts.ts";
import { podPlacement, pullSecrets } from "../components/pod_placement.ts";
import { telemetryEnvironment, type TelemetryParts } from "../components/telemetry_environment.ts";
import { topologyTls } from "../components/topology_tls.ts";
import { askedOf } from "./asked.ts";
import { backupParts, repositoryProblems, serviceAccountOf } from "./pod_backup.ts";
import { termsText } from "./certificate_terms.ts";
import { exporterContainer, type Instance, poolerContainer, postgresContainer } from "./pod_containers.ts";
import { identityProblems, podSecurity } from "./pod_identity.ts";
import { ownVolumes } from "./pod_volumes.ts";
import { containers, folders, volumes } from "./shape.ts";
import { specHash, userHash } from "./spec_hash.ts";
import { childMetadata, namespaceOf, poolLabels, poolPath, type PoolView, type ShardView } from "./view.ts";

/**
 * Seconds from the first signal to the end of all containers: the pooler hands over, and PostgreSQL has 10 s to stop fast
 * and 5 s more to stop at once.
 */
const GRACE_SECONDS = 30;

/** A pod, or what the user has to mend before there can be one. */
export type Built =
  | { readonly ok: true; readonly pod: Applied<Pod> }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** What keeps the pods of a pool from being made; the same for each of them. */
export function poolProblems(pool: PoolView): Problem[] {
  return [...identityProblems(pool), ...repositoryProblems(pool.shard)];
}

/**
 * The pod is created whole and never changed, but for annotations. Without settings (`config`) it carries no hash of them,
 * and nothing can be said of its drift; see `drift.ts`.
 * @param index from 0 to 99
 */
export function desiredPod(pool: PoolView, index: number): Built {
  const { shard, name, cell } = pool;
  return built.get(`${sourcesOf(shard)} ${name} ${cell} ${index}`, () => buildPod(pool, index));
}

/** Each pass asks several times: what has changed, what is to be stamped, what is to be made. */
const built = new Recent<Built>(64);

const digests = new WeakMap<ShardView, string>();

/** Stands for all that the pods of a shard are made of. */
function sourcesOf(shard: ShardView): string {
  const known = digests.get(shard);
  if (known !== undefined) return known;
  const { owner: { spec, metadata: { name, namespace, uid, labels, annotations } }, ...others } = shard;
  const digest = digestOf([spec, name, namespace, uid, labels, annotations, others]);
  digests.set(shard, digest);
  return digest;
}

function buildPod(pool: PoolView, index: number): Built {
  const problems = poolProblems(pool);
  if (problems.length > 0) return { ok: false, problems };
  const spec = podSpec(pool, index);
  const metadata = childMetadata(pool.shard, poolPodName(poolPath(pool), index), poolLabels(pool));
  return { ok: true, pod: { metadata: { ...metadata, annotations: annotations(pool, spec) }, spec } };
}

function annotations({ shard, ...pool }: PoolView, spec: PodSpec): Record<string, string> {
  const { project, config, instanceCertificate } = shard;
  return {
    [specHashAnnotation]: specHash(spec, config?.restartHash),
    [userHashAnnotation]: userHash(askedOf({ shard, ...pool })),
    [projectRefAnnotation]: project,
    [`${scrapeAnnotationPrefix}scrape`]: "true",
    [`${scrapeAnnotationPrefix}port`]: String(ports.postgresExporter),
    [`${scrapeAnnotationPrefix}path`]: "/metrics",
    ...(instanceCertificate === undefined
      ? {}
      : { [certificateTermsAnnotation]: termsText(instanceCertificate) }),
    ...(config === undefined ? {} : {
      [postgresConfigHashAnnotation]: config.restartHash,
      [postgresReloadHashAnnotation]: config.reloadHash,
    }),
  };
}

function podSpec(pool: PoolView, index: number): PodSpec {
  const { images, cellTopologyLabels } = pool.shard.owner.spec;
  const instance = instanceOf(pool, index);
  const { affinity, tolerations } = pool.spec;
  return {
    // Together they give the pod its name in DNS.
    hostname: poolPodName(poolPath(pool), index),
    subdomain: poolServiceName(poolPath(pool)),
    terminationGracePeriodSeconds: GRACE_SECONDS,
    securityContext: podSecurity(pool),
    ...serviceAccountOf(pool.shard),
    ...pullSecrets(images),
    ...podPlacement({
      affinity,
      nodeSelector: cellTopologyLabels?.[pool.cell],
      placement: tolerations === undefined ? {} : { tolerations },
    }),
    initContainers: [postgresContainer(instance)],
    containers: [poolerContainer(instance), exporterContainer(instance)],
    volumes: podVolumes(instance),
  };
}

function instanceOf(pool: PoolView, index: number): Instance {
  const { shard } = pool;
  const { globalTopoServer, internalTLS } = shard.owner.spec;
  return {
    pool,
    index,
    backup: backupParts(shard),
    tls: internalTls(internalTLS, {
      component: "multipooler",
      cluster: shard.cluster,
      namespace: namespaceOf(shard),
      mountPath: folders.internalTls,
      volume: volumes.internalTls,
      poolerClient: false,
    }),
    topology: topologyTls(globalTopoServer),
    telemetry: { pgctld: telemetry(pool, "pgctld"), multipooler: telemetry(pool, containers.multipooler) },
  };
}

function telemetry({ shard }: PoolView, component: string): TelemetryParts {
  const { cluster, project } = shard;
  return telemetryEnvironment({
    observability: shard.owner.spec.observability,
    operator: shard.telemetry,
    identity: { project, cluster, component },
  });
}

function podVolumes({ pool, index, backup, tls, topology, telemetry }: Instance): Volume[] {
  const [data, ...others] = ownVolumes(pool, index);
  return [
    data,
    backup.repository,
    ...others,
    ...backup.certificates,
    ...backup.cipher,
    ...tls.volumes,
    // Both containers read the same file of sampling rules.
    ...telemetry.multipooler.volumes,
    ...topology.volumes,
  ];
}
