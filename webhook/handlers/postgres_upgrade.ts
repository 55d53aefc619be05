/** PostgresUpgrades: what they move is there, and stays the same. */
import { ignoredFields, ignoredFieldWarnings } from "../../api/smoketurner/ignored_fields.ts";
import { PostgresUpgrades } from "../../api/smoketurner/postgres_upgrade.ts";
import { present } from "../../resolve/present.ts";
import {
  type PostgresUpgradeBefore,
  reviewPostgresUpgrade,
} from "../../resolve/validation/postgres_upgrade.ts";
import { partOf, textIn } from "../facts.ts";
import { type AdmissionRequest, allowed } from "../review.ts";
import { verdictOf } from "../verdict.ts";
import { type Handler, leavesSpecAlone, misfit, namedObject } from "./handler.ts";
import { withReason } from "./postgres_cluster.ts";

export const postgresUpgradeChecks: Handler = {
  needs: [],
  review(request, { facts }) {
    if (request.operation === "DELETE" || leavesSpecAlone(request)) return allowed;
    const { name, namespace, operation, object } = request;
    const decoded = PostgresUpgrades.decode(namedObject(object, request));
    if (!decoded.ok) {
      return misfit(
        decoded.problems,
        operation !== "UPDATE" || PostgresUpgrades.decode(request.oldObject).ok,
      );
    }
    const { spec } = decoded.value;
    const source = spec.sourceCluster;
    const verdict = verdictOf(
      reviewPostgresUpgrade({
        name,
        spec,
        ...present({
          before: beforeOf(request),
          source: facts.postgresCluster(source.namespace ?? namespace, source.name),
          others: facts.upgrades(namespace),
        }),
      }),
      withReason,
    );
    const ignored = ignoredFieldWarnings(ignoredFields.PostgresUpgrade, object);
    return { ...verdict, warnings: [...ignored, ...verdict.warnings] };
  },
};

function beforeOf({ operation, oldObject }: AdmissionRequest): PostgresUpgradeBefore | undefined {
  if (operation !== "UPDATE") return undefined;
  const spec = partOf(oldObject, "spec");
  const source = partOf(spec, "sourceCluster");
  return present({
    source: textIn(source, "name"),
    sourceNamespace: textIn(source, "namespace"),
    targetVersion: textIn(spec, "targetVersion"),
  });
}
