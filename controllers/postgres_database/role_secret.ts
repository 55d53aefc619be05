/** The Secret with the credentials of a role: whose it is, and what is to stand in it. */
import { Buffer } from "node:buffer";
import { roleSecretLabels } from "../../api/smoketurner/labels.ts";
import { labelKeys } from "../../api/smoketurner/labels.ts";
import { ports } from "../../api/smoketurner/ports.ts";
import { roleSecretKeys } from "../../api/smoketurner/secret_keys.ts";
import type { Applied } from "../../kube/client.ts";
import type { Secret } from "../../kube/kinds.ts";
import { controllerReference } from "../../kube/owner.ts";
import { create, type CreateStep, patch, type PatchStep } from "../../kube/plan.ts";
import type { Stored } from "../../kube/types.ts";
import { Secrets } from "../postgres_cluster/kinds.ts";
import { type Database, placeOf } from "./kinds.ts";
import type { Order } from "./order.ts";

/** What stands under the name that the spec gives to a role's Secret. */
export type SeenSecret =
  | { readonly kind: "absent" }
  /** Ours, or nobody's with our label: its user brought it, or it was kept when an earlier object went. */
  | { readonly kind: "usable"; readonly live: Secret & Stored; readonly isOurs: boolean }
  | { readonly kind: "taken"; readonly by: string };

/** Whose a Secret is. */
export function judgeSecret(live: (Secret & Stored) | undefined, database: Database): SeenSecret {
  if (live === undefined) return { kind: "absent" };
  const { ownerReferences = [], labels = {} } = live.metadata;
  const owner = ownerReferences.find(({ controller }) => controller);
  if (owner?.uid === database.metadata.uid) return { kind: "usable", live, isOurs: true };
  if (owner !== undefined) return { kind: "taken", by: `${owner.kind} ${owner.name}` };
  if (labels[labelKeys.database] === database.metadata.name) return { kind: "usable", live, isOurs: false };
  return {
    kind: "taken",
    by: `nobody that we know; label ${labelKeys.database}: ${database.metadata.name} makes it ours`,
  };
}

/** A value of a Secret; undefined when it is absent or empty. */
export function secretText(secret: Secret | undefined, key: string): string | undefined {
  const text = Buffer.from(secret?.data?.[key] ?? "", "base64").toString("utf8");
  return text === "" ? undefined : text;
}

/** Role and password that its Secret is to tell. */
export interface Credentials {
  readonly role: string;
  readonly secretName: string;
  readonly password: string;
}

export function desiredRoleSecret(
  database: Database,
  order: Order,
  credentials: Credentials,
): Applied<Secret> {
  return {
    metadata: {
      name: credentials.secretName,
      namespace: order.namespace,
      labels: { ...roleSecretLabels(order.place.cluster, order.name) },
      ownerReferences: [controllerReference(database)],
    },
    type: "Opaque",
    data: encoded(textsOf(order, credentials)),
  };
}

function textsOf({ place, spec }: Order, { role, password }: Credentials): Record<string, string> {
  const { host, authority } = place;
  const { port } = ports.postgresql;
  const [user, word, name] = [role, password, spec.database.name].map(encodeURIComponent);
  const mode = authority === undefined ? "prefer" : "require";
  const ssl = authority === undefined ? "" : "&ssl=true";
  return {
    [roleSecretKeys.username]: role,
    [roleSecretKeys.password]: password,
    [roleSecretKeys.host]: host,
    [roleSecretKeys.port]: String(port),
    [roleSecretKeys.database]: spec.database.name,
    [roleSecretKeys.connectionString]: `postgresql://${user}:${word}@${host}:${port}/${name}?sslmode=${mode}`,
    [roleSecretKeys.jdbcUrl]: `jdbc:postgresql://${host}:${port}/${name}?user=${user}&password=${word}${ssl}`,
  };
}

function encoded(texts: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(texts).map(([key, text]) => [key, Buffer.from(text, "utf8").toString("base64")]),
  );
}

/** What has to be written for the Secret to stand so; undefined when it does. Further keys and labels of it are left alone. */
export function secretStep(
  seen: Exclude<SeenSecret, { kind: "taken" }>,
  desired: Applied<Secret>,
): CreateStep | PatchStep | undefined {
  if (seen.kind === "absent") return create(Secrets, desired);
  const { live, isOurs } = seen;
  const { labels = {}, ownerReferences = [] } = desired.metadata;
  if (isOurs && holds(live.metadata.labels, labels) && holds(live.data, desired.data ?? {})) return undefined;
  const uids = new Set(ownerReferences.map(({ uid }) => uid));
  const others = live.metadata.ownerReferences?.filter(({ uid }) => !uids.has(uid)) ?? [];
  const metadata = { labels, ownerReferences: [...others, ...ownerReferences] };
  return patch(Secrets, live, { metadata, data: desired.data });
}

/** Leaves a Secret without its owner, so that it stays when the owner goes; its labels tell whom it is to belong to. */
export function releasedSecret(
  live: Secret & Stored,
  database: { readonly metadata: { readonly uid: string } },
): PatchStep {
  const others = live.metadata.ownerReferences?.filter(({ uid }) => uid !== database.metadata.uid) ?? [];
  return patch(Secrets, live, { metadata: { ownerReferences: others } });
}

function holds(
  found: Readonly<Record<string, string>> | undefined,
  wanted: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(wanted).every(([key, value]) => found?.[key] === value);
}

/** Where the Secret of a role is. */
export function secretKeyOf(database: Database, secretName: string): { namespace: string; name: string } {
  return { namespace: placeOf(database).namespace, name: secretName };
}
