/** PostgresClusters: what must hold of them, with the reason by which users know each rule. */
import { ignoredFields, ignoredFieldWarnings } from "../../api/smoketurner/ignored_fields.ts";
import { PostgresClusters } from "../../api/smoketurner/postgres_cluster.ts";
import { present } from "../../resolve/present.ts";
import type { Finding } from "../../resolve/validation/finding.ts";
import {
  type PostgresClusterBefore,
  reviewPostgresCluster,
} from "../../resolve/validation/postgres_cluster.ts";
import { partOf, textIn } from "../facts.ts";
import { type AdmissionRequest, allowed } from "../review.ts";
import { verdictOf } from "../verdict.ts";
import { type Handler, leavesSpecAlone, misfit, namedObject } from "./handler.ts";

/** `[Reason] text`, as clients of this family have always read it. */
export function withReason({ rule, message }: Finding<string>): string {
  return `[${rule}] ${message}`;
}

export const postgresClusterChecks: Handler = {
  needs: [],
  review(request, { facts }) {
    if (request.operation === "DELETE" || leavesSpecAlone(request)) return allowed;
    const { name, namespace, object } = request;
    const decoded = PostgresClusters.decode(namedObject(object, request));
    if (!decoded.ok) return misfit(decoded.problems, storedFits(request));
    const verdict = verdictOf(
      reviewPostgresCluster({
        name,
        spec: decoded.value.spec,
        ...present({
          before: beforeOf(request),
          namespaceLabels: facts.namespaceLabels(namespace),
          upgrades: facts.upgrades(namespace),
        }),
      }),
      withReason,
    );
    const ignored = ignoredFieldWarnings(ignoredFields.PostgresCluster, object);
    return { ...verdict, warnings: [...ignored, ...verdict.warnings] };
  },
};

function storedFits(request: AdmissionRequest): boolean {
  return request.operation !== "UPDATE" || PostgresClusters.decode(request.oldObject).ok;
}

/** Read field by field: the stored object may be older than the schema. */
function beforeOf({ operation, oldObject }: AdmissionRequest): PostgresClusterBefore | undefined {
  if (operation !== "UPDATE") return undefined;
  const spec = partOf(oldObject, "spec");
  const status = partOf(oldObject, "status");
  return present({
    version: textIn(spec, "version"),
    currentVersion: textIn(status, "currentVersion"),
    storageClass: textIn(partOf(spec, "storage"), "storageClass"),
    phase: textIn(status, "phase"),
    successor: successorOf(partOf(status, "successor")),
  });
}

function successorOf(successor: unknown): PostgresClusterBefore["successor"] {
  const name = textIn(successor, "name");
  if (name === undefined) return undefined;
  return {
    name,
    ...present({ namespace: textIn(successor, "namespace"), upgradeName: textIn(successor, "upgradeName") }),
  };
}
