/** Keeps the gateway of a Cell, and its own topology server where it has one, as they should be. */
import { publicCertificateSecretName } from "../../api/multigres/certificate_names.ts";
import { type Cell, Cells } from "../../api/multigres/cell.ts";
import { ownedSelector } from "../../api/multigres/labels.ts";
import { TopoServers } from "../../api/multigres/topo_server.ts";
import { certificateSecrets } from "../../certs/secrets.ts";
import { type Cache, controllerKey } from "../../kube/cache.ts";
import { type Controller, type Outcome, type ReconcileContext, settled } from "../../kube/controller.ts";
import { deploymentIndex, deploymentsOfPod } from "../../kube/deployment_pods.ts";
import { Deployments, Pods, Services as KubeServices } from "../../kube/kinds.ts";
import { keyOf } from "../../kube/store.ts";
import { trimPod } from "../../kube/trim.ts";
import type { Frozen, KubeObject, Stored } from "../../kube/types.ts";
import { appliedNotice } from "../applied_notice.ts";
import { isInternalCertificate } from "../components/internal_certificate.ts";
import type { OperatorTelemetry } from "../components/telemetry_environment.ts";
import { outcomeOf } from "../outcome.ts";
import { restOfOwn } from "../status_rest.ts";
import { observe } from "./observe.ts";
import { plan } from "./plan.ts";
import { clusterOf, gatewayIdentity } from "./shape.ts";
import { noticesOf, statusOf } from "./status.ts";

const own = { labels: ownedSelector };

/** What the controller is handed in. */
export interface CellServices {
  /** The operator's own OTEL variables, which hold where a cluster does not say. */
  readonly telemetry: OperatorTelemetry;
}

export function cellController(services: CellServices): Controller<Cell> {
  return {
    name: "cell",
    statusRestMs: restOfOwn,
    watched: { resource: Cells.resource },
    owns: [
      { resource: TopoServers.resource },
      { resource: Deployments, ...own },
      { resource: KubeServices, ...own },
    ],
    sources: [
      { watched: { resource: Pods, ...own, trim: trimPod, indexes: deploymentIndex }, keys: ownersOfPod },
      { watched: certificateSecrets, keys: usersOfCertificate },
    ],
    decode: (raw) => Cells.decode(raw),
    reconcile: (cell, context) => reconcile(cell, context, services),
  };
}

async function reconcile(
  cell: Cell & Stored,
  context: ReconcileContext,
  { telemetry }: CellServices,
): Promise<Outcome> {
  // The garbage collector removes the children.
  if (cell.metadata.deletionTimestamp !== undefined) return settled;

  const result = await context.act(plan(observe(cell, context), telemetry));

  const after = observe(cell, context);
  const status = statusOf(after, result, context.clock);
  for (const notice of appliedNotice(cell.status, result.written)) context.record(notice);
  await context.writeStatus(status, noticesOf(cell, status));
  return outcomeOf(result);
}

/** A pod leads to its Deployment, and that to the Cell. */
function ownersOfPod(pod: Frozen<KubeObject>, cache: Cache): string[] {
  return deploymentsOfPod(pod).flatMap((key) => {
    const deployment = cache.store(Deployments).get(key);
    const owner = deployment === undefined ? undefined : controllerKey(deployment, Cells.resource);
    return owner === undefined ? [] : [owner];
  });
}

/** Cells whose gateways show this certificate, to clients or to other components. */
function usersOfCertificate(secret: Frozen<KubeObject>, cache: Cache): string[] {
  return [...cache.store(Cells.resource).values()].filter((cell) =>
    isPublicCertificate(secret, cell) || isInternalCertificate(secret, gatewayIdentity(cell))
  ).map((cell) => keyOf(cell.metadata));
}

function isPublicCertificate({ metadata }: Frozen<KubeObject>, cell: Frozen<Cell>): boolean {
  return cell.metadata.namespace === metadata.namespace && cell.spec.certCommonName !== undefined &&
    publicCertificateSecretName(clusterOf(cell)) === metadata.name;
}
