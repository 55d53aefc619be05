/** Clusters as the builders of their objects see them. */
import { type MultigresCluster, MultigresClusters } from "../../api/multigres/multigres_cluster.ts";
import type { OperatorTelemetry } from "../../controllers/components/telemetry_environment.ts";
import type { ClusterView } from "../../controllers/multigres_cluster/view.ts";
import type { Stored } from "../../kube/types.ts";
import { availableImages, type ImageSet } from "../../resolve/image_set.ts";
import type { Templates } from "../../resolve/templates.ts";
import { deepFreeze, noTemplates, resolvedCluster } from "./multigres_specs.ts";

export interface ViewOptions {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly templates?: Templates;
  readonly images?: ImageSet;
  readonly telemetry?: OperatorTelemetry;
}

/** The view of a stored cluster with this spec, frozen all the way down. */
export function viewOf(spec: MultigresCluster["spec"], options: ViewOptions = {}): ClusterView {
  const { name = "c", namespace = "shop", templates = noTemplates } = options;
  const parent = {
    name,
    namespace,
    cluster: resolvedCluster(spec, templates),
    images: options.images ?? availableImages(),
  };
  return deepFreeze({ owner: ownerOf(spec, options), parent, telemetry: options.telemetry ?? {} });
}

function ownerOf(
  spec: MultigresCluster["spec"],
  { name = "c", namespace = "shop", uid = "uid-of-the-cluster", annotations }: ViewOptions,
): MultigresCluster & Stored {
  const { group, version, kind } = MultigresClusters.resource;
  const apiVersion = `${group}/${version}`;
  const metadata = {
    name,
    namespace,
    uid,
    resourceVersion: "1",
    ...(annotations === undefined ? {} : { annotations: { ...annotations } }),
  };
  return { apiVersion, kind, metadata, spec };
}
