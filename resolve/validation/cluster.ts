/** All that is checked of a MultigresCluster beyond its schema: for admission, and for controllers where there is none. */
import type { MultigresClusterSpec } from "../../api/multigres/multigres_cluster.ts";
import { entranceFindings } from "./entrances.ts";
import { distinct, errorsOf, type Finding, identityOf } from "./finding.ts";
import { clusterBufferFindings } from "./gateway_buffer.ts";
import { resourceFindings } from "./resources.ts";
import { clusterSettingFindings } from "./settings.ts";
import { shardFindings } from "./shards.ts";
import { backupVolumeFindings, storageClassFindings, storageGrowsOnly } from "./storage.ts";
import { resolutionFindings, templateReferenceFindings } from "./template_references.ts";
import { etcdMembersFixed, locationFindings, topologyFindings } from "./topology.ts";
import { neighbourFindings, topologyUseOf } from "./topology_places.ts";
import { type ClusterView, type Surroundings, viewCluster } from "./view.ts";

/** Checks of a spec as it stands, in the order in which they are told. */
const standing: readonly ((view: ClusterView) => Finding[])[] = [
  templateReferenceFindings,
  clusterSettingFindings,
  locationFindings,
  topologyFindings,
  topologyIsOwn,
  entranceFindings,
  resolutionFindings,
  resourceFindings,
  clusterBufferFindings,
  shardFindings,
  backupVolumeFindings,
  storageClassFindings,
];

/** Checks of a change. */
const transitions: readonly ((before: ClusterView, now: ClusterView) => Finding[])[] = [
  storageGrowsOnly,
  etcdMembersFixed,
];

export interface ClusterReview extends Surroundings {
  /** The stored spec that is to be replaced; absent for a new cluster, and for one that is judged as it stands. */
  readonly before?: MultigresClusterSpec;
  readonly spec: MultigresClusterSpec;
}

/**
 * Judges a cluster. All findings are told at once. What was wrong before, and is wrong in the same way after, is told as
 * a warning: a template or a StorageClass may have gone since, and the user must still be able to change something else.
 */
export function reviewCluster(review: ClusterReview): Finding[] {
  const { before, spec, ...around } = review;
  const view = viewCluster(spec, around);
  const found = standingFindings(view);
  if (before === undefined) return found;
  const viewBefore = viewCluster(before, around);
  const known = new Set(errorsOf(standingFindings(viewBefore)).map(identityOf));
  return distinct([...found.map((finding) => soften(finding, known)), ...changeFindings(viewBefore, view)]);
}

function topologyIsOwn({ spec, around: { neighboursAt } }: ClusterView): Finding[] {
  return neighboursAt === undefined ? [] : neighbourFindings(topologyUseOf(spec), neighboursAt);
}

/** What is wrong with a spec as it stands. */
export function standingFindings(view: ClusterView): Finding[] {
  return distinct(standing.flatMap((check) => check(view)));
}

/** What is wrong with going from one to the other. */
export function changeFindings(before: ClusterView, now: ClusterView): Finding[] {
  return distinct(transitions.flatMap((check) => check(before, now)));
}

function soften(finding: Finding, known: ReadonlySet<string>): Finding {
  return known.has(identityOf(finding)) ? { ...finding, severity: "warning" } : finding;
}
