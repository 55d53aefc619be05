/** The load of a cluster's members: use of CPU as the metrics API tells it, active sessions as the servers do. */
import { labelKeys } from "../../../api/smoketurner/labels.ts";
import { serviceHost } from "../../../api/smoketurner/names.ts";
import { ports } from "../../../api/smoketurner/ports.ts";
import type { Scaling } from "../../../api/smoketurner/postgres_cluster/scaling.ts";
import { credentialKeys } from "../../../api/smoketurner/secret_keys.ts";
import { fromData } from "../../../certs/pem.ts";
import { parseQuantity } from "../../../kube/quantity.ts";
import type { KubeClient } from "../../../kube/client.ts";
import { isNotFound } from "../../../kube/errors.ts";
import { defineResource } from "../../../kube/resource.ts";
import type { KubeObject } from "../../../kube/types.ts";
import type { SqlClient, SqlTarget } from "../../../postgres/sql/sql_client.ts";
import { Secrets } from "../kinds.ts";
import type { Member } from "../members.ts";
import {
  type Cluster,
  keyIn,
  nameOf,
  namesOf,
  namespaceOf,
  POSTGRES_CONTAINER,
  tlsMode,
  tlsSecrets,
} from "../shape.ts";
import type { Load } from "./decide.ts";

/** What pods use, as the metrics server tells it (metrics.k8s.io/v1beta1). */
export interface PodMetrics extends KubeObject {
  containers?: { name: string; usage?: Record<string, string> }[];
}

export const PodMetricsKind = defineResource<PodMetrics>({
  group: "metrics.k8s.io",
  version: "v1beta1",
  kind: "PodMetrics",
  plural: "pods",
  namespaced: true,
});

export interface LoadTools {
  readonly client: KubeClient;
  readonly sql: SqlClient;
  readonly signal: AbortSignal;
}

/** Sessions of clients that do something now, our own left aside. */
const ACTIVE_SESSIONS = "SELECT count(*)::int AS active FROM pg_catalog.pg_stat_activity " +
  "WHERE state = 'active' AND backend_type = 'client backend' AND pid <> pg_catalog.pg_backend_pid()";

/** Reads what the cluster scales by. @throws Error with what is missing, for people. */
export async function readLoad(
  cluster: Cluster,
  members: readonly Member[],
  tools: LoadTools,
): Promise<Load> {
  const ready = members.filter((member) => member.ready && !member.leaving);
  if (ready.length === 0) throw new Error("No member is ready whose load could be measured");
  const { cpu, connections } = measuresOf(cluster.spec.scaling);
  return {
    ...(cpu ? { cpuPercent: await cpuPercent(cluster, ready, tools) } : {}),
    ...(connections ? { activeSessions: await activeSessions(cluster, ready, tools) } : {}),
  };
}

/** CPU also when nothing is named. */
export function measuresOf(
  scaling: Scaling | undefined,
): { readonly cpu: boolean; readonly connections: boolean } {
  const { cpu, connections } = scaling?.metrics ?? {};
  return { cpu: cpu !== undefined || connections === undefined, connections: connections !== undefined };
}

async function cpuPercent(
  cluster: Cluster,
  ready: readonly Member[],
  { client }: LoadTools,
): Promise<number> {
  const found = await podMetrics(cluster, client);
  const pairs = ready.flatMap(({ pod, name }) => {
    const container = pod.spec?.containers.find((each) => each.name === POSTGRES_CONTAINER);
    const request = parseQuantity(container?.resources?.requests?.["cpu"]);
    const metrics = found.find(({ metadata }) => metadata.name === name);
    const usage = metrics?.containers?.find((each) => each.name === POSTGRES_CONTAINER)?.usage?.["cpu"];
    const used = parseQuantity(usage);
    return request === undefined || request === 0 || used === undefined ? [] : [{ request, used }];
  });
  if (pairs.length === 0) {
    throw new Error(
      "Cannot scale by CPU as no member has both a request for it and a measurement: set spec.resources.requests.cpu",
    );
  }
  const sum = (pick: (pair: { request: number; used: number }) => number) =>
    pairs.reduce((total, pair) => total + pick(pair), 0);
  return sum(({ used }) => used) / sum(({ request }) => request) * 100;
}

async function podMetrics(cluster: Cluster, client: KubeClient): Promise<PodMetrics[]> {
  try {
    const labels = `${labelKeys.cluster}=${nameOf(cluster)},${labelKeys.application}=spilo`;
    return await client.listAll(PodMetricsKind, { namespace: namespaceOf(cluster), labels });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    throw new Error("Cannot scale by CPU as nobody serves metrics.k8s.io: install metrics-server");
  }
}

async function activeSessions(cluster: Cluster, ready: readonly Member[], tools: LoadTools): Promise<number> {
  const { client, sql, signal } = tools;
  const password = await credential(cluster, client);
  const counts = await Promise.all(ready.map(async (member) => {
    const target = targetOf(cluster, member, password);
    await using session = await sql.connect(target, { signal });
    const [row] = await session.ask({ text: ACTIVE_SESSIONS }, { signal });
    return Number(row?.["active"] ?? 0);
  }));
  return counts.reduce((sum, count) => sum + count, 0);
}

interface Credential {
  readonly password: string;
  readonly caPem: string | undefined;
}

async function credential(cluster: Cluster, client: KubeClient): Promise<Credential> {
  const secret = namesOf(cluster).credentialsSecret;
  const live = await client.find(Secrets, keyIn(cluster, secret));
  const password = fromData(live?.data?.[credentialKeys.superuserPassword]);
  if (password === undefined) {
    throw new Error(
      `Cannot count sessions as Secret ${secret} has no key ${credentialKeys.superuserPassword}`,
    );
  }
  if (tlsMode(cluster) === "off") return { password, caPem: undefined };
  const tls = await client.find(Secrets, keyIn(cluster, tlsSecrets(cluster).members));
  return { password, caPem: fromData(tls?.data?.["ca.crt"]) };
}

function targetOf(cluster: Cluster, { address, name }: Member, { password, caPem }: Credential): SqlTarget {
  if (address === undefined) throw new Error(`Cannot count sessions of ${name} as it has no address yet`);
  const target = {
    host: address,
    port: ports.postgresql.port,
    database: "postgres",
    user: "postgres",
    password,
  };
  if (tlsMode(cluster) === "off") return target;
  const serverName = serviceHost(namesOf(cluster).primaryService, namespaceOf(cluster));
  return { ...target, tls: { serverName, ...(caPem === undefined ? {} : { caPem }) } };
}
