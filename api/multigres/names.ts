/**
 * Names of child objects. Each is made of the logical names that lead to it, and ends in a hash of them, so that
 * neither cutting nor two ways to split a name (`a-b` + `c`, `a` + `b-c`) can make two objects collide. Objects of a
 * running cluster are found by these names: a change here would leave them behind.
 */
import { Recent } from "../../kube/recent.ts";

/** What an object's name must keep to. */
export interface NameConstraint {
  /** Greatest length, in characters; at least 12. */
  readonly maxLength: number;
  /** Whether a digit may come first. Names of Services, and what is derived from them, begin with a letter. */
  readonly digitFirst: boolean;
}

/** Objects whose names are DNS subdomains: our own kinds, Deployments. */
export const defaultConstraint: NameConstraint = { maxLength: 253, digitFirst: true };

/** Services, PodDisruptionBudgets and the backup claim: one DNS label. */
export const serviceConstraint: NameConstraint = { maxLength: 63, digitFirst: false };

/** StatefulSets: their pods get a number and a revision hash behind the name, in labels of 63 characters. */
export const statefulSetConstraint: NameConstraint = { maxLength: 52, digitFirst: false };

/** Pods of pools, before `-` and a number of at most two digits: together they fit a DNS label. */
export const podConstraint: NameConstraint = { maxLength: 60, digitFirst: false };

const hashLength = 8;

/** Stands between a body that was cut and the hash. */
const cutMark = "---";

/** The shortest maximum that leaves a character of body before mark and hash. */
const leastMaximum = hashLength + cutMark.length + 1;

/** 32-bit FNV-1a: offset basis and prime as its authors published them. */
const fnvOffsetBasis = 0x811c9dc5;
const fnvPrime = 0x01000193;

const encoder = new TextEncoder();

/** FNV-1a over the bytes of each part and a zero byte behind it, as eight hexadecimal digits. */
export function hashParts(parts: readonly string[]): string {
  let hash = fnvOffsetBasis;
  for (const part of parts) {
    // Names are asked for all the time: to walk an index makes no garbage.
    const bytes = encoder.encode(part);
    for (let at = 0; at < bytes.length; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), fnvPrime);
    hash = Math.imul(hash, fnvPrime);
  }
  return (hash >>> 0).toString(16).padStart(hashLength, "0");
}

/** Lower case, with a hyphen for every character that a DNS label cannot hold. */
function sanitize(part: string): string {
  return part.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase()).replaceAll(/[^a-z0-9-]/gu, "-");
}

/**
 * Joins parts to a name: with hyphens, then a hyphen and the hash of the parts as they were given. A name that is too
 * long is cut before the hash. Without parts the name is empty.
 * @throws RangeError when the constraint leaves no room for a body; that is an error of the program.
 */
export function joinName(constraint: NameConstraint, ...parts: readonly string[]): string {
  const { maxLength, digitFirst } = constraint;
  if (maxLength < leastMaximum) {
    throw new RangeError(
      `Cannot join a name of at most ${maxLength} characters: it takes at least ${leastMaximum}`,
    );
  }
  if (parts.length === 0) return "";
  return recent.get(JSON.stringify([maxLength, digitFirst, parts]), () => join(constraint, parts));
}

/** Each pass over an object asks for the names of all that belongs to it. */
const recent = new Recent<string>(1024);

function join({ maxLength, digitFirst }: NameConstraint, parts: readonly string[]): string {
  const hash = hashParts(parts);
  const body = parts.map((part) => sanitize(part)).join("-");
  const begun = (digitFirst ? /^[a-z0-9]/ : /^[a-z]/).test(sanitize(parts[0] ?? "")) ? body : `x${body}`;
  const name = `${begun}-${hash}`;
  if (name.length <= maxLength) return name;
  return `${begun.slice(0, maxLength - cutMark.length - hashLength)}${cutMark}${hash}`;
}

/** Where a shard is: the logical names from the cluster down. */
export interface ShardPath {
  readonly cluster: string;
  readonly database: string;
  readonly tableGroup: string;
  readonly shard: string;
}

/** One pool of a shard in one cell. */
export interface PoolPath extends ShardPath {
  readonly pool: string;
  readonly cell: string;
}

function shardParts({ cluster, database, tableGroup, shard }: ShardPath): string[] {
  return [cluster, database, tableGroup, shard];
}

function poolParts(path: PoolPath): string[] {
  return [...shardParts(path), "pool", path.pool, path.cell];
}

/** Cells, TableGroups and Shards. */
export function cellObjectName(cluster: string, cell: string): string {
  return joinName(defaultConstraint, cluster, cell);
}

export function tableGroupObjectName(cluster: string, database: string, tableGroup: string): string {
  return joinName(defaultConstraint, cluster, database, tableGroup);
}

export function shardObjectName(path: ShardPath): string {
  return joinName(defaultConstraint, ...shardParts(path));
}

/** Topology servers: the TopoServer, its StatefulSet and its client Service share a name. */
export function globalTopoServerName(cluster: string): string {
  return `${cluster}-global-topo`;
}

/** @param cellObject name of the Cell object, not of the logical cell. */
export function localTopoServerName(cellObject: string): string {
  return joinName(statefulSetConstraint, cellObject, "topo");
}

export function headlessTopoServiceName(topoServer: string): string {
  return `${topoServer}-headless`;
}

/** Deployments and Services of a cluster's own components share a name. */
export function multiadminName(cluster: string): string {
  return `${cluster}-multiadmin`;
}

export function multiadminWebName(cluster: string): string {
  return `${cluster}-multiadmin-web`;
}

/** Services over the gateways of all cells. */
export function globalGatewayServiceName(cluster: string): string {
  return `${cluster}-multigateway`;
}

export function globalReplicaGatewayServiceName(cluster: string): string {
  return `${cluster}-multigateway-replica`;
}

/** The gateway of one cell. */
export function gatewayDeploymentName(cluster: string, cell: string): string {
  return joinName(defaultConstraint, cluster, cell, "multigateway");
}

export function gatewayServiceName(cluster: string, cell: string): string {
  return joinName(serviceConstraint, cluster, cell, "multigateway");
}

/** The orchestrator of a shard in one cell. */
export function orchestratorDeploymentName(path: ShardPath, cell: string): string {
  return joinName(defaultConstraint, ...shardParts(path), "multiorch", cell);
}

export function orchestratorServiceName(path: ShardPath, cell: string): string {
  return joinName(serviceConstraint, ...shardParts(path), "multiorch", cell);
}

/**
 * The ID by which the only orchestrator of a shard in one cell is known to the topology. It never changes: a claim to
 * bootstrap the shard is taken up again by the same ID alone, so an orchestrator that comes back must have kept its own.
 */
export function orchestratorServiceId(path: ShardPath, cell: string): string {
  return `o-${hashParts([...shardParts(path), "multiorch", cell])}`;
}

/** Instances of a pool. @param index from 0 to 99: more digits would not fit a DNS label. */
export function poolPodName(path: PoolPath, index: number): string {
  return `${joinName(podConstraint, ...poolParts(path))}-${index}`;
}

export function dataClaimName(pod: string): string {
  return `data-${pod}`;
}

/** The ID by which the pooler of a pod is known to the topology. */
export function poolerServiceId(pod: string): string {
  return `p-${hashParts([pod])}`;
}

export function poolServiceName(path: PoolPath): string {
  return joinName(serviceConstraint, ...poolParts(path), "headless");
}

export function poolDisruptionBudgetName(path: PoolPath): string {
  return joinName(serviceConstraint, ...poolParts(path), "pdb");
}

export function backupClaimName(path: ShardPath): string {
  return joinName(serviceConstraint, "backup-data", ...shardParts(path));
}

/** ConfigMaps and Secrets of a shard, after the name of its Shard object. */
export function hbaConfigMapName(shardObject: string): string {
  return `${shardObject}-pg-hba`;
}

export function postgresConfigMapName(shardObject: string): string {
  return `${shardObject}-postgres-config`;
}

export function exporterQueriesConfigMapName(shardObject: string): string {
  return `${shardObject}-exporter-queries`;
}

export function pgbackrestAuthoritySecretName(shardObject: string): string {
  return `${shardObject}-pgbackrest-ca`;
}

export function pgbackrestCertificateSecretName(shardObject: string): string {
  return `${shardObject}-pgbackrest-tls`;
}
