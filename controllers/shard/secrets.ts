/** Whether the Secrets are there that users bring, and that pods wait for without a word. */
import type { Statement } from "../../kube/conditions.ts";
import type { ReconcileContext } from "../../kube/controller.ts";
import { Secrets } from "../../kube/kinds.ts";
import type { Observation } from "./observe.ts";
import { conditionOf } from "./pod_state.ts";
import { files } from "./shape.ts";
import { namespaceOf, podNamesOf, poolViews } from "./view.ts";

interface Wanted {
  /** Field that names it. */
  readonly path: string;
  readonly name: string;
  readonly keys: readonly string[];
}

/** They are the users', so they are read live, and only while a pod does not come up. */
export async function secretStatements(
  seen: Observation,
  { client }: ReconcileContext,
): Promise<Statement[]> {
  if (allUp(seen)) return [];
  const namespace = namespaceOf(seen.view);
  const problems: string[] = [];
  for (const { path, name, keys } of wanted(seen)) {
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

function allUp({ view, pods }: Observation): boolean {
  const ready = new Set(
    pods.filter((pod) => conditionOf(pod, "Ready")?.status === "True").map(({ metadata }) => metadata.name),
  );
  return poolViews(view).flatMap(podNamesOf).every((name) => ready.has(name));
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
