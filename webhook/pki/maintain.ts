/**
 * Brings certificates and `caBundle` in order, from whatever state they are in. Every replica does so, and several may at
 * the same time: each write is refused when what it was decided upon has changed, and is then decided anew.
 *
 * | in this order                                     | why                                                        |
 * | ------------------------------------------------- | ---------------------------------------------------------- |
 * | the authority's Secret: made, renewed, put right  | an authority in use stays trusted beside a new one         |
 * | `caBundle` of every hook: all trusted authorities | API servers trust a new authority before anything shows it |
 * | the Secret of the certificate                     |                                                            |
 *
 * Everything is read live: a look is rare (a change, or an hour that passed), and must see what it decides upon.
 */
import { keepCertificates } from "../../certs/keep.ts";
import { type CertificateSet, findingsOf } from "../../certs/observe.ts";
import type { ReadCertificate } from "../../certs/read.ts";
import { planAuthority } from "../../certs/rotation.ts";
import { certificateSecrets, isOurs, type SeenSecret, trimCertificateSecret } from "../../certs/secrets.ts";
import type { Standing } from "../../certs/standing.ts";
import { act, CONFLICT } from "../../kube/act.ts";
import { Applier } from "../../kube/apply.ts";
import { Cache } from "../../kube/cache.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { Clock } from "../../kube/clock.ts";
import { isConflict, isNotFound } from "../../kube/errors.ts";
import type { Notice } from "../../kube/events.ts";
import { type Secret, Secrets } from "../../kube/kinds.ts";
import type { Step } from "../../kube/plan.ts";
import { isStored } from "../../kube/stored.ts";
import type { ObjectKey, OwnerReference } from "../../kube/types.ts";
import { present } from "../../resolve/present.ts";
import { silentLogger } from "../../telemetry/log.ts";
import { silentMetrics } from "../../telemetry/metrics.ts";
import {
  type HookConfiguration,
  hookConfigurations,
  injection,
  isAskedOfCertManager,
  isInjected,
  ownershipOf,
  release,
  trustOf,
} from "./bundles.ts";
import { operatorDeployment, ownerReferenceTo } from "./owner.ts";
import { authoritySecretName, type Place, servingSecretName, webhookCertificates } from "./place.ts";

export interface MaintenanceTools {
  readonly client: KubeClient;
  readonly clock: Clock;
  /** Tells an event about a Secret. */
  readonly record: (secret: Secret, notice: Notice) => void;
}

/** How things stand in the end. */
export interface Maintained {
  readonly standing: Standing;
  /** Whether anything was written. */
  readonly changed: boolean;
  /** When to look again at the latest, in seconds. */
  readonly checkAfterSeconds: number;
  /** resourceVersions that this was decided upon, by Secret or configuration; those that are not there are left out. */
  readonly versions: Versions;
}

export type Versions = Readonly<Record<string, string>>;

/** A whole rotation takes five; more than this means that somebody else keeps changing things. */
const MOST_ROUNDS = 12;

/** Seconds between two looks at the most. */
const LONGEST_CHECK_SECONDS = 3_600;

/** What is there. */
interface Found {
  readonly secrets: readonly Secret[];
  readonly configurations: readonly { readonly at: number; readonly object: HookConfiguration }[];
}

/**
 * Works until nothing is left to do now.
 * @throws ApiError and TransportError when something cannot be read or written; Error when there is no end to it.
 */
export async function maintain(place: Place, tools: MaintenanceTools): Promise<Maintained> {
  const owner = ownerReferenceTo(await operatorDeployment(tools.client, place.namespace));
  let changed = false;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const found = await look(place, tools.client);
    const result = await step(found, { place, owner }, tools);
    if (result !== undefined) return { ...result, changed, versions: versionsOf(found) };
    changed = true;
  }
  throw new Error(
    `Cannot bring the webhook's certificates in order in ${MOST_ROUNDS} steps: who else writes Secret ` +
      `${authoritySecretName}, Secret ${servingSecretName}, or caBundle of the webhook configurations?`,
  );
}

/** Gives up what the operator owns of the configurations, but for a `caBundle` that nobody has taken over. */
export async function relinquish(place: Place, { client }: MaintenanceTools): Promise<Maintained> {
  const found = await look(place, client);
  let changed = false;
  for (const { at, object } of found.configurations) {
    if (ownershipOf(object) !== "some") continue;
    changed = await applied(client, at, release(object)) || changed;
  }
  const message = "The webhook's certificate is provided from outside";
  return {
    standing: { status: "True", reason: "External", message },
    changed,
    checkAfterSeconds: LONGEST_CHECK_SECONDS,
    versions: versionsOf(found),
  };
}

async function look({ namespace }: Place, client: KubeClient): Promise<Found> {
  const [authority, serving, ...configurations] = await Promise.all([
    client.find(Secrets, { namespace, name: authoritySecretName }),
    client.find(Secrets, { namespace, name: servingSecretName }),
    ...hookConfigurations.map(({ resource, name }) => client.find(resource, { name })),
  ]);
  return {
    secrets: [authority, serving].filter((secret) => secret !== undefined),
    configurations: configurations.flatMap((object, at) => object === undefined ? [] : [{ at, object }]),
  };
}

function versionsOf({ secrets, configurations }: Found): Versions {
  const objects = [...secrets, ...configurations.map(({ object }) => object)];
  return Object.fromEntries(
    objects.map(({ metadata }) => [metadata.name, metadata.resourceVersion ?? ""]),
  );
}

/** @returns how things stand when nothing was left to do, else undefined. */
async function step(
  found: Found,
  { place, owner }: { readonly place: Place; readonly owner: OwnerReference | undefined },
  tools: MaintenanceTools,
): Promise<Pick<Maintained, "standing" | "checkAfterSeconds"> | undefined> {
  const { client, clock } = tools;
  const inUse = found.configurations.flatMap(({ object }) =>
    trustOf(object).flatMap(({ trusted }) => trusted)
  );
  const set = webhookCertificates(place, owner, inUse);
  const authorities = settledAuthorities(set, found.secrets, clock.now());
  if (authorities !== undefined && await inject(found, authorities, client)) return undefined;
  const cache = cacheOf(found.secrets, tools);
  const { steps, standing, checkAfterSeconds } = await keepCertificates(set, { cache, client, clock });
  if (steps.length > 0) return await carryOut(steps, cache, tools);
  return { standing, checkAfterSeconds: Math.min(checkAfterSeconds, LONGEST_CHECK_SECONDS) };
}

/** All that API servers are to trust; undefined while the authority itself is not in order, or is somebody else's. */
function settledAuthorities(
  set: CertificateSet,
  secrets: readonly Secret[],
  now: Date,
): readonly ReadCertificate[] | undefined {
  const seen = new Map<string, SeenSecret>();
  for (const secret of secrets) {
    const trimmed = trimCertificateSecret(secret);
    if (isStored(trimmed) && isOurs(trimmed, set)) seen.set(secret.metadata.name, trimmed);
  }
  const findings = findingsOf(set, seen, now);
  return planAuthority(findings, now).kind === "keep" ? findings.authority.trusted : undefined;
}

/** @returns whether anything was written, or met something newer. */
async function inject(
  { configurations }: Found,
  authorities: readonly ReadCertificate[],
  client: KubeClient,
): Promise<boolean> {
  const due = configurations.filter(({ object }) =>
    !isAskedOfCertManager(object) && !isInjected(object, authorities)
  );
  for (const { at, object } of due) await applied(client, at, injection(object, authorities));
  return due.length > 0;
}

/** @returns false when the configuration has changed, or is gone. */
async function applied(
  client: KubeClient,
  at: number,
  object: Parameters<typeof client.apply<HookConfiguration>>[1],
): Promise<boolean> {
  const resource = hookConfigurations[at]?.resource;
  if (resource === undefined) return false;
  try {
    await client.apply(resource, object);
    return true;
  } catch (error) {
    if (isConflict(error) || isNotFound(error)) return false;
    throw error;
  }
}

/** What was just read, in the form that the keeper of certificates takes. */
function cacheOf(secrets: readonly Secret[], { client, clock }: MaintenanceTools): Cache {
  const cache = new Cache({
    client,
    clock,
    random: Math.random,
    log: silentLogger,
    metrics: silentMetrics,
  });
  const store = cache.watch(certificateSecrets);
  for (const secret of secrets) store.put(structuredClone(secret));
  return cache;
}

/** @returns undefined, as there may be more to do. @throws whatever a write failed with, but for a conflict. */
async function carryOut(steps: readonly Step[], cache: Cache, tools: MaintenanceTools): Promise<undefined> {
  const { client } = tools;
  let about: Secret | undefined;
  for (const each of steps) {
    const key = each.kind === "create" ? each.object.metadata : each.kind === "patch" ? each.key : undefined;
    const result = await act([each], {
      client,
      cache,
      applier: new Applier(client, cache),
      record: (notice) => about === undefined ? undefined : tools.record(about, notice),
    });
    if (key !== undefined) about = { apiVersion: "v1", kind: "Secret", metadata: identityIn(cache, key) };
    if (result.kind === "failed") throw result.error;
    if (result.kind === "waiting" && result.wait.reason === CONFLICT) return undefined;
  }
  return undefined;
}

/** With the UID, by which `kubectl describe` finds events. */
function identityIn(cache: Cache, { namespace = "", name }: ObjectKey): Secret["metadata"] {
  const { uid } = cache.get(Secrets, { namespace, name })?.metadata ?? {};
  return { namespace, name, ...present({ uid }) };
}
