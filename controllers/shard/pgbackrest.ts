/** The certificates by which the pgBackRest servers of a shard meet, unless the user brings some. */
import { poolServiceName } from "../../api/multigres/names.ts";
import { keepCertificates } from "../../certs/keep.ts";
import { pgBackRestSet } from "../../certs/pgbackrest.ts";
import { pgbackrestComponent } from "../../certs/secrets.ts";
import type { Statement } from "../../kube/conditions.ts";
import type { ReconcileContext } from "../../kube/controller.ts";
import { controllerReference } from "../../kube/owner.ts";
import type { Step } from "../../kube/plan.ts";
import type { Observation } from "./observe.ts";
import { namespaceOf, poolPath, poolViews, shardLabels } from "./view.ts";

export interface PgbackrestOutcome {
  readonly steps: readonly Step[];
  /** Only while something is not as it should be. */
  readonly statements: readonly Statement[];
  /** When to look again at the latest, in seconds. */
  readonly checkAfterSeconds: number;
}

/**
 * Works out what is due. While nothing is, no request is made. Undefined where backups need no certificates of ours.
 * @throws ApiError and TransportError when Secrets cannot be read now.
 */
export async function keepPgbackrest(
  { view }: Observation,
  tools: Pick<ReconcileContext, "cache" | "client" | "clock">,
): Promise<PgbackrestOutcome | undefined> {
  const { backup } = view.owner.spec;
  if (backup === undefined || (backup.pgbackrestTLS?.secretName ?? "") !== "") return undefined;
  const holder = {
    namespace: namespaceOf(view),
    owner: controllerReference(view.owner),
    labels: shardLabels(view, pgbackrestComponent),
  };
  const poolServices = [...new Set(poolViews(view).map((pool) => poolServiceName(poolPath(pool))))].sort();
  const set = pgBackRestSet(holder, { shardObject: view.owner.metadata.name, poolServices });
  const { steps, standing, checkAfterSeconds } = await keepCertificates(set, tools);
  // What is made in this very pass is no trouble; should it fail, the next one tells.
  const statements: Statement[] =
    standing.status === "True" || (standing.reason === "Issuing" && steps.length > 0)
      ? []
      : [{ type: "CertificatesReady", ...standing }];
  return { steps, statements, checkAfterSeconds };
}
