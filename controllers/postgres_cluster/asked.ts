/**
 * Whether a member runs with what its user asked for.
 *
 * Its pod bears a hash of that, so that a newer operator, whose pods look different, restarts nobody: what it does better
 * comes with the next restart that a user causes. Pods that were made before there was such a hash are compared by what
 * can be read of them.
 */
import { createHash } from "node:crypto";
import { parse } from "yaml";
import { annotations } from "../../api/smoketurner/annotations.ts";
import type { PostgresCluster } from "../../api/smoketurner/postgres_cluster.ts";
import { isRecord } from "../../kube/errors.ts";
import type { Pod } from "../../kube/kinds.ts";
import type { Frozen } from "../../kube/types.ts";
import { backupEnvironment } from "./backup_environment.ts";
import { adoptsOperatorChanges } from "./former_members.ts";
import { exporterPort } from "./desired_exporter.ts";
import type { EnvVar } from "./environment.ts";
import { majorOf, SPILO_IMAGES } from "./images.ts";
import { parametersOf } from "./parameters.ts";
import { isByPgbackrest, pgbackrestSecrets } from "./pgbackrest.ts";
import { CONFIGURATION_VARIABLE } from "./pod_environment.ts";
import { POSTGRES_CONTAINER, tlsMode, tlsSecrets } from "./shape.ts";

/** Digits of the hash: 64 bits. */
const HEX_DIGITS = 16;

/** Variables that only certificates and backups bring: those of a pod must be those that are wanted. */
const COMPARED = /^(SSL_|USE_WALG_|WALG_|WALE_|WAL_|AWS_|BACKUP_)/;

/** Hash of what a restart is needed for. How a cluster once started is no part of it, nor are CPU and memory. */
export function askedHash(cluster: PostgresCluster): string {
  const exporter = exporterPort(cluster);
  const asked = {
    version: cluster.spec.version,
    parameters: parametersOf(cluster),
    certificates: tlsMode(cluster) === "off" ? "" : tlsSecrets(cluster).members,
    backup: isByPgbackrest(cluster) ? pgbackrestSecrets(cluster) : backupEnvironment(cluster),
    encryption: cluster.spec.backup?.encryption ?? null,
    ...(exporter === undefined ? {} : { exporter }),
  };
  return createHash("sha256").update(JSON.stringify(asked)).digest("hex").slice(0, HEX_DIGITS);
}

/** Whether a pod must be restarted to have what its user asks for. @param cluster with the version that it may have. */
export function isOutdated(pod: Frozen<Pod>, cluster: PostgresCluster): boolean {
  const hash = pod.metadata.annotations?.[annotations.askedHash];
  if (hash !== undefined) return hash !== askedHash(cluster);
  if (adoptsOperatorChanges(cluster)) return true;
  const container = pod.spec?.containers.find(({ name }) => name === POSTGRES_CONTAINER);
  if (container === undefined) return false;
  const major = majorOf(container.image);
  if (major !== undefined && major !== majorOf(SPILO_IMAGES[cluster.spec.version])) return true;
  const env = container.env ?? [];
  return !sameParameters(env, cluster) || !sameVariables(env, cluster);
}

/** Whether a member's database is on its volume: one made before the variable for it is lost with its container. */
export function isOnVolume(pod: Frozen<Pod>): boolean {
  if (pod.metadata.annotations?.[annotations.askedHash] !== undefined) return true;
  const container = pod.spec?.containers.find(({ name }) => name === POSTGRES_CONTAINER);
  return container?.env?.some(({ name }) => name === "PGDATA") ?? false;
}

function sameParameters(env: Frozen<EnvVar[]>, cluster: PostgresCluster): boolean {
  const text = env.find(({ name }) => name === CONFIGURATION_VARIABLE)?.value;
  const found = text === undefined ? {} : parametersIn(text);
  return canonical(found) === canonical(parametersOf(cluster));
}

function parametersIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const read: unknown = parse(text);
    const postgresql = isRecord(read) ? read["postgresql"] : undefined;
    const parameters = isRecord(postgresql) ? postgresql["parameters"] : undefined;
    return isRecord(parameters) ? parameters : {};
  } catch {
    return {};
  }
}

function canonical(parameters: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(parameters).map(([name, value]) => [name, String(value)] as const);
  return JSON.stringify(entries.sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0));
}

function sameVariables(env: Frozen<EnvVar[]>, cluster: PostgresCluster): boolean {
  const wanted = tlsMode(cluster) === "off"
    ? []
    : ["SSL_CERTIFICATE_FILE", "SSL_PRIVATE_KEY_FILE", "SSL_CA_FILE"];
  const backup = backupEnvironment(cluster);
  const expected = new Set([...wanted, ...backup.map(textOf)]);
  const found = env.filter(({ name }) => COMPARED.test(name))
    .map((each) => each.name.startsWith("SSL_") ? each.name : textOf(each));
  return found.length === expected.size && found.every((each) => expected.has(each));
}

function textOf({ name, value, valueFrom }: Frozen<EnvVar>): string {
  const secret = valueFrom?.secretKeyRef;
  return secret === undefined ? `${name}=${value}` : `${name}=${secret.name}/${secret.key}`;
}
