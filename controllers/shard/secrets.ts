/** Whether the Secrets are there that users bring, and that pods wait for without a word. */
import type { Background } from "../../kube/background.ts";
import type { Statement } from "../../kube/conditions.ts";
import type { ReconcileContext } from "../../kube/controller.ts";
import { Secrets } from "../../kube/kinds.ts";
import type { Observation } from "./observe.ts";
import { conditionOf, secondsSince } from "./pod_state.ts";
import { files } from "./shape.ts";
import { namespaceOf } from "./view.ts";

interface Wanted {
  /** Field that names it. */
  readonly path: string;
  readonly name: string;
  readonly keys: readonly string[];
}

/** A pod that is not Ready so long after it was given to a node may wait for a Secret, in seconds. */
const SUSPICIOUS_SECONDS = 5;

/** For so long what was found is not asked for again, in milliseconds. */
const FRESH_MS = 10_000;

interface SecretTools {
  readonly background: Background<Statement[]>;
  /** Of the shard. */
  readonly key: string;
}

/**
 * They are the users', so they are read live, and only while a pod does not come up. Returns at once; the shard is woken when
 * they were read.
 */
export function secretStatements(
  seen: Observation,
  { background, key }: SecretTools,
  context: ReconcileContext,
): readonly Statement[] {
  const late = firstLatePod(seen);
  if (late === undefined || secondsSince(late, context.clock.now()) < SUSPICIOUS_SECONDS) return [];
  const secrets = wanted(seen);
  const progress = background.look(key, {
    id: JSON.stringify(secrets),
    freshMs: () => FRESH_MS,
    run: () => missingOf(secrets, namespaceOf(seen.view), context),
  }, context);
  return progress.kind === "done" ? progress.result : [];
}

async function missingOf(
  secrets: readonly Wanted[],
  namespace: string,
  { client }: ReconcileContext,
): Promise<Statement[]> {
  const problems: string[] = [];
  for (const { path, name, keys } of secrets) {
    const secret = await client.find(Secrets, { namespace, name });
    const missing = keys.filter((key) => (secret?.data?.[key] ?? "") === "");
    if (secret === undefined) problems.push(`Secret ${name} of ${path} does not exist; create it.`);
    else if (missing.length > 0) {
      problems.push(`Secret ${name} of ${path} has no ${missing.join(", ")}, or it is empty; add it.`);
    }
  }
  if (problems.length === 0) return [];
  return [{ type: "SecretsFound", status: "False", reason: "SecretMissing", message: problems.join(" ") }];
}

/** Seconds until Secrets are to be asked for; 0 when no pod is late, or they were asked for. */
export function secretsDueSeconds(seen: Observation, now: Date): number {
  const late = firstLatePod(seen);
  return late === undefined ? 0 : Math.max(0, SUSPICIOUS_SECONDS - secondsSince(late, now));
}

/** When the first of the pods was given to a node that are not Ready: before that, none waits for a Secret. */
function firstLatePod({ pods }: Observation): string | undefined {
  return pods.filter((pod) => conditionOf(pod, "Ready")?.status !== "True")
    .map((pod) => conditionOf(pod, "PodScheduled"))
    .flatMap((scheduled) => scheduled?.status === "True" ? scheduled.lastTransitionTime ?? [] : []).sort()[0];
}

function wanted({ view }: Observation): Wanted[] {
  const { postgresPasswordSecretRef: password, backup } = view.owner.spec;
  const secrets: Wanted[] = [{
    path: "spec.postgresPasswordSecretRef",
    name: password.name,
    keys: [password.key],
  }];
  const cipher = backup?.encryption?.secretName;
  if (cipher !== undefined) {
    secrets.push({ path: "spec.backup.encryption", name: cipher, keys: [files.cipher] });
  }
  const tls = backup?.pgbackrestTLS?.secretName ?? "";
  if (tls !== "") {
    secrets.push({ path: "spec.backup.pgbackrestTLS", name: tls, keys: ["ca.crt", "tls.crt", "tls.key"] });
  }
  return secrets;
}
