/** MultigresClusters: defaults are written down, then the whole is judged. */
import { MultigresClusters } from "../../api/multigres/multigres_cluster.ts";
import { isRecord } from "../../kube/errors.ts";
import { isSame } from "../../kube/same.ts";
import { materialise } from "../../resolve/materialise.ts";
import { present } from "../../resolve/present.ts";
import { reviewCluster } from "../../resolve/validation/cluster.ts";
import type { FactKind } from "../facts.ts";
import { type PatchOperation, patchTo } from "../patch.ts";
import { type AdmissionRequest, allowed, type Verdict } from "../review.ts";
import { traceAnnotations } from "../trace.ts";
import { verdictOf } from "../verdict.ts";
import { type Handler, type HandlerContext, leavesSpecAlone, misfit, namedObject } from "./handler.ts";

/** Without the templates a default might be written down where a template has the say. */
const needs: readonly FactKind[] = ["coretemplates", "celltemplates", "shardtemplates"];

export const clusterDefaults: Handler = {
  needs,
  review(request, context) {
    if (request.operation === "DELETE" || leavesSpecAlone(request)) return allowed;
    const decoded = MultigresClusters.decode(namedObject(request.object, request));
    // What does not fit the schema stays as it was sent: the API server's own words about it come next.
    if (!decoded.ok) return allowed;
    const { spec } = materialise(decoded.value.spec, context.facts.templates(request.namespace));
    const patch = patchTo(request.object?.["spec"], spec, "/spec");
    const annotations = changesSpec(spec, request) ? tracePatch(request, context) : [];
    return { allowed: true, warnings: [], patch: [...patch, ...annotations] };
  },
};

/** Who sends the same spec again, without the defaults that are stored, changes nothing. */
function changesSpec(spec: unknown, request: AdmissionRequest): boolean {
  if (request.operation === "CREATE") return true;
  const before = MultigresClusters.decode(request.oldObject);
  return !before.ok || !isSame(spec, before.value.spec);
}

function tracePatch(request: AdmissionRequest, { headers, now }: HandlerContext): PatchOperation[] {
  const annotations = traceAnnotations(headers, now);
  if (Object.keys(annotations).length === 0) return [];
  const metadata = request.object?.["metadata"];
  const known = isRecord(metadata) ? metadata["annotations"] : undefined;
  if (known === undefined) return [{ op: "add", path: "/metadata/annotations", value: annotations }];
  return patchTo(known, annotations, "/metadata/annotations");
}

export const clusterChecks: Handler = {
  needs,
  review(request, { facts, catalogue }): Verdict {
    if (request.operation === "DELETE" || leavesSpecAlone(request)) return allowed;
    const { operation, namespace } = request;
    const before = operation === "UPDATE" ? MultigresClusters.decode(request.oldObject) : undefined;
    const decoded = MultigresClusters.decode(namedObject(request.object, request));
    if (!decoded.ok) return misfit(decoded.problems, before?.ok !== false);
    return verdictOf(reviewCluster({
      spec: decoded.value.spec,
      templates: facts.templates(namespace),
      catalogue,
      ...(before?.ok ? { before: before.value.spec } : {}),
      ...present({
        storageClasses: facts.storageClasses(),
        nodeLabels: facts.nodeLabels(),
        neighboursAt: facts.neighbours(request),
      }),
    }));
  },
};
