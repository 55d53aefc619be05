/** What keeps a cluster from being what is asked for until somebody does something about it. */
import { encryptionKeys, objectStoreKeys } from "../../api/smoketurner/secret_keys.ts";
import type { KubeClient } from "../../kube/client.ts";
import { Secrets } from "../../kube/kinds.ts";
import type { Finding } from "../../resolve/validation/finding.ts";
import { parseCron } from "../../postgres/cron.ts";
import { engineOf } from "./backups/engine.ts";
import { restoreFaults } from "./restore.ts";
import { type Cluster, namespaceOf } from "./shape.ts";
import { versionFaultOf } from "./version.ts";
import type { Pass } from "./pass.ts";
import { volumeRefusals } from "./storage.ts";

/** It makes the cluster Failed. */
export interface Obstacle {
  /** One word in CamelCase: the reason of condition Ready. */
  readonly reason: string;
  readonly message: string;
  /** When to look again, in seconds; 0 when only a change of the cluster helps. */
  readonly afterSeconds: number;
}

/** Secrets of users are not watched. */
const SECRET_SECONDS = 30;

/**
 * What the spec alone shows.
 * @param policies that admission would have refused the cluster for: they keep one from being made, and only show at one
 * that runs, whose namespace may have become stricter since.
 */
export function specObstacle(cluster: Cluster, policies: readonly Finding<string>[]): Obstacle | undefined {
  const version = versionFaultOf(cluster);
  if (version?.kind === "downgrade") {
    return { reason: "VersionDowngradeRejected", message: version.message, afterSeconds: 0 };
  }
  const { backup, restore } = cluster.spec;
  if (backup?.destination !== undefined && backup.encryption === undefined) {
    const message =
      "Cannot keep backups unencrypted: set spec.backup.encryption.keySecret to a Secret with the key.";
    return { reason: "BackupEncryptionRequired", message, afterSeconds: 0 };
  }
  if (cluster.status?.currentVersion !== undefined) return undefined;
  const [policy] = policies;
  if (policy !== undefined) return { reason: policy.rule, message: textOf(policies), afterSeconds: 0 };
  // A cluster that has run reads this no more.
  const [fault] = restoreFaults(restore?.recoveryTarget);
  return fault === undefined ? undefined : { reason: "InvalidRestore", message: fault, afterSeconds: 0 };
}

function textOf(policies: readonly Finding<string>[]): string {
  return policies.map(({ message }) => message).join(" ");
}

interface NeededSecret {
  readonly name: string;
  readonly keys: readonly string[];
  readonly reason: string;
  readonly field: string;
}

/** Reads live whether the user's Secrets are there. @throws ApiError, TransportError */
export async function secretObstacle(cluster: Cluster, client: KubeClient): Promise<Obstacle | undefined> {
  for (const needed of neededSecrets(cluster)) {
    const found = await client.find(Secrets, { namespace: namespaceOf(cluster), name: needed.name });
    const missing = needed.keys.filter((key) => found?.data?.[key] === undefined);
    if (found !== undefined && missing.length === 0) continue;
    const why = found === undefined ? "it does not exist" : `it has no key ${missing.join(" and ")}`;
    const message =
      `Cannot use Secret ${needed.name} of ${needed.field} as ${why}: create it, or name another one.`;
    return { reason: needed.reason, message, afterSeconds: SECRET_SECONDS };
  }
  return undefined;
}

function neededSecrets({ spec, status }: Cluster): NeededSecret[] {
  const { backup, restore } = spec;
  const store = [objectStoreKeys.accessKeyId, objectStoreKeys.secretAccessKey];
  const needed: NeededSecret[] = [];
  if (backup?.destination !== undefined) {
    const name = backup.destination.credentialsSecret;
    const field = "spec.backup.destination.credentialsSecret";
    needed.push({ name, keys: store, reason: "BackupCredentialsNotFound", field });
  }
  if (backup?.encryption !== undefined && backup.destination !== undefined) {
    const { keySecret, method } = backup.encryption;
    const field = "spec.backup.encryption.keySecret";
    needed.push({ name: keySecret, keys: [encryptionKeys[method]], reason: "EncryptionKeyNotFound", field });
  }
  if (restore !== undefined && status?.currentVersion === undefined) {
    const name = restore.source.s3.credentialsSecret;
    const field = "spec.restore.source.s3.credentialsSecret";
    needed.push({ name, keys: store, reason: "RestoreCredentialsNotFound", field });
  }
  return needed;
}

/** A wish that is not fulfilled, while all else goes on. */
export interface Refusal {
  readonly reason: string;
  readonly message: string;
}

/** The operator reads the schedule only where no cron of the image does. */
function scheduleRefusals(cluster: Cluster): Refusal[] {
  const { schedule = "" } = cluster.spec.backup ?? {};
  if (engineOf(cluster)?.scheduledBy !== "operator" || parseCron(schedule) !== undefined) return [];
  const message =
    `Cannot take backups by spec.backup.schedule "${schedule}" as it is no cron expression of five fields with ` +
    "numbers: write one such as 0 1 * * *.";
  return [{ reason: "InvalidSchedule", message }];
}

export function refusals({ wanted: cluster, seen }: Pass): Refusal[] {
  const version = versionFaultOf(cluster);
  const { backup } = cluster.spec;
  return [
    ...(version?.kind === "upgrade" ? [{ reason: "VersionChangeRefused", message: version.message }] : []),
    ...volumeRefusals(cluster, seen).map((message) => ({ reason: "StorageChangeRefused", message })),
    ...(backup !== undefined && backup.destination === undefined
      ? [{
        reason: "BackupDestinationMissing",
        message: "Cannot take backups as spec.backup.destination is absent: name the bucket that they go to.",
      }]
      : []),
    ...scheduleRefusals(cluster),
    ...seen.policies.map(({ rule, message }) => ({ reason: rule, message })),
  ];
}
