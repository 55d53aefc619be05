/** The passwords of a cluster: made once, or brought by its user. */
import { labelKeys } from "../../api/smoketurner/labels.ts";
import { credentialKeys } from "../../api/smoketurner/secret_keys.ts";
import { systemRandom } from "../../certs/authority.ts";
import { fromData, toData } from "../../certs/pem.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { Secret } from "../../kube/kinds.ts";
import { create, patch, type Step, tell } from "../../kube/plan.ts";
import { isStored } from "../../kube/stored.ts";
import { connectionString, desiredCredentials, makePassword } from "./desired_credentials.ts";
import { Secrets } from "./kinds.ts";
import type { Obstacle } from "./obstacles.ts";
import type { Observation } from "./observe.ts";
import { type Cluster, keyIn, nameOf, namesOf } from "./shape.ts";

/** No value is kept in memory, only which keys there are. */
export function trimSecret(secret: Secret): Secret {
  const { apiVersion, kind, metadata, data = {} } = secret;
  const keys = Object.keys(data).map((key) => [key, ""] as const);
  return { apiVersion, kind, metadata, data: Object.fromEntries(keys) };
}

/**
 * What is due for the Secret. One that its user brought is labelled, so that it is seen from then on, and otherwise left
 * alone. While nothing is due no request is made.
 * @throws ApiError, TransportError
 */
export async function credentialSteps(seen: Observation, client: KubeClient): Promise<Step[]> {
  const { cluster, credentials } = seen;
  if (credentials === undefined) return await firstSteps(cluster, client);
  const isOurs = credentials.metadata.ownerReferences?.some(({ uid }) => uid === cluster.metadata.uid) ??
    false;
  const lacks = credentials.data?.[credentialKeys.connectionString] === undefined;
  return isOurs && lacks ? await addedConnectionString(cluster, client) : [];
}

async function firstSteps(cluster: Cluster, client: KubeClient): Promise<Step[]> {
  const live = await client.find(Secrets, keyIn(cluster, namesOf(cluster).credentialsSecret));
  if (live !== undefined && isStored(live)) {
    return [patch(Secrets, live, { metadata: { labels: { [labelKeys.cluster]: nameOf(cluster) } } })];
  }
  const passwords = { superuser: makePassword(systemRandom), replication: makePassword(systemRandom) };
  const made = create(Secrets, desiredCredentials(cluster, passwords));
  if (cluster.status?.currentVersion === undefined) return [made];
  const message =
    `Secret ${made.object.metadata.name} was gone and is made anew: the servers still have the former passwords, ` +
    "so set those of roles postgres and standby to the new ones.";
  return [made, tell("Warning", "CredentialsReplaced", message)];
}

/** Clusters that were made before it was known what to do with it lack this one value. */
async function addedConnectionString(cluster: Cluster, client: KubeClient): Promise<Step[]> {
  const live = await client.find(Secrets, keyIn(cluster, namesOf(cluster).credentialsSecret));
  const password = fromData(live?.data?.[credentialKeys.superuserPassword]);
  if (live === undefined || !isStored(live) || password === undefined) return [];
  const value = toData(connectionString(cluster, password));
  return [patch(Secrets, live, { data: { [credentialKeys.connectionString]: value } })];
}

/** A Secret without the passwords that members are started with. */
export function credentialsObstacle({ cluster, credentials }: Observation): Obstacle | undefined {
  if (credentials === undefined) return undefined;
  const needed = [credentialKeys.superuserPassword, credentialKeys.replicationPassword];
  const missing = needed.filter((key) => credentials.data?.[key] === undefined);
  if (missing.length === 0) return undefined;
  const message =
    `Cannot start members with Secret ${namesOf(cluster).credentialsSecret} as it has no key ${
      missing.join(" and ")
    }: ` +
    "add what is missing, or delete the Secret to have it made.";
  return { reason: "CredentialsIncomplete", message, afterSeconds: 0 };
}
