/** What the objects of a cluster are made from. */
import type { MultigresCluster } from "../../api/multigres/multigres_cluster.ts";
import type { Stored } from "../../kube/types.ts";
import type { Parent } from "../../resolve/child_specs.ts";
import type { OperatorTelemetry } from "../components/telemetry_environment.ts";

export interface ClusterView {
  /** The object itself, which owns all that is made for it. */
  readonly owner: MultigresCluster & Stored;
  /** What it means: its settings after templates and defaults, and the images that it runs. */
  readonly parent: Parent;
  /** Where the operator sends its own telemetry: components do likewise unless the cluster says otherwise. */
  readonly telemetry: OperatorTelemetry;
  /** Tells versions of the certificate of the admin API from each other; undefined while there is none. */
  readonly adminCertificate?: string | undefined;
}
