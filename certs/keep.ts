/**
 * Keeps one authority and the certificates that it signs: from the Secrets that are there to the steps that are due.
 *
 * While nothing is due, this makes no request and loads nothing. Private keys are read live, for the moment of signing.
 */
import type { Cache } from "../kube/cache.ts";
import type { KubeClient } from "../kube/client.ts";
import type { Clock } from "../kube/clock.ts";
import { isForbidden } from "../kube/errors.ts";
import { Secrets } from "../kube/kinds.ts";
import type { Step } from "../kube/plan.ts";
import { isStored } from "../kube/stored.ts";
import { systemRandom } from "./authority.ts";
import { type CertificateSet, findingsOf } from "./observe.ts";
import { nextMoment, planAuthority, planLeaves } from "./rotation.ts";
import { isOurs, type SeenSecret, trimCertificateSecret } from "./secrets.ts";
import { type Standing, standingOf, takenStanding } from "./standing.ts";
import { authoritySteps, firstSteps, leafSteps, type Work } from "./steps.ts";

/** What keeping certificates works with. */
export interface KeepTools {
  /** Must watch `certificateSecrets`. */
  readonly cache: Cache;
  /** For keys, and for Secrets that the cache does not show. */
  readonly client: KubeClient;
  readonly clock: Pick<Clock, "now">;
  /** See `IssuingTools`; the system's when absent. */
  readonly random?: (bytes: number) => Uint8Array;
}

export interface Kept {
  /** Writes, each followed by an event that tells of it. Later writes are decided when these are seen. */
  readonly steps: readonly Step[];
  readonly standing: Standing;
  /** When to look again at the latest, in seconds. Time alone may make something due. */
  readonly checkAfterSeconds: number;
}

/** Seconds between two looks at the most: a clock that was put right is noticed by then. */
const LONGEST_CHECK_SECONDS = 43_200;
/** After writes the watch wakes us; this is for a write that found itself outrun by another process. */
const AFTER_WRITES_SECONDS = 5;
/** The store is behind the server for less than that. */
const BEHIND_SECONDS = 1;
/** Strangers carry no label that a watch could select. */
const STRANGER_SECONDS = 30;
/** A missing right is given by people. */
const FORBIDDEN_SECONDS = 60;

/**
 * Works out what is due for a set.
 * @throws ApiError and TransportError when Secrets cannot be read now; a missing right becomes a standing instead.
 */
export async function keepCertificates(set: CertificateSet, tools: KeepTools): Promise<Kept> {
  try {
    return await keep(set, tools);
  } catch (error) {
    if (!isForbidden(error) || !(error instanceof Error)) throw error;
    const standing = { status: "False", reason: "Forbidden", message: error.message } as const;
    return { steps: [], standing, checkAfterSeconds: FORBIDDEN_SECONDS };
  }
}

async function keep(wanted: CertificateSet, tools: KeepTools): Promise<Kept> {
  const { secrets, strangers } = await collect(wanted, tools);
  if (strangers.includes(wanted.authority.secretName)) {
    return { steps: [], standing: takenStanding(strangers), checkAfterSeconds: STRANGER_SECONDS };
  }
  const set = {
    ...wanted,
    leaves: wanted.leaves.filter(({ secretName }) => !strangers.includes(secretName)),
  };
  const now = tools.clock.now();
  const findings = findingsOf(set, secrets, now);
  const work = { set, secrets, findings, client: tools.client, random: tools.random ?? systemRandom, now };
  const steps = await stepsOf(work);
  return {
    steps: steps ?? [],
    standing: strangers.length > 0 ? takenStanding(strangers) : standingOf(findings, now),
    checkAfterSeconds: Math.min(checkAfter(work, steps), strangers.length > 0 ? STRANGER_SECONDS : Infinity),
  };
}

/** Undefined when the store is behind the server. */
async function stepsOf(work: Work): Promise<Step[] | undefined> {
  const move = planAuthority(work.findings, work.now);
  if (move.kind === "make" && work.secrets.size === 0) return await firstSteps(work, move.trusted);
  if (move.kind !== "keep") return await authoritySteps(work, move);
  return await leafSteps(work, planLeaves(work.findings, move.signer, work.now));
}

function checkAfter({ findings, now }: Work, steps: readonly Step[] | undefined): number {
  if (steps === undefined) return BEHIND_SECONDS;
  if (steps.length > 0) return AFTER_WRITES_SECONDS;
  const next = nextMoment(findings, now);
  if (next === undefined) return LONGEST_CHECK_SECONDS;
  const seconds = Math.ceil((next.getTime() - now.getTime()) / 1_000);
  return Math.min(Math.max(seconds, 1), LONGEST_CHECK_SECONDS);
}

interface Collected {
  readonly secrets: ReadonlyMap<string, SeenSecret>;
  /** Names that Secrets of others bear. */
  readonly strangers: readonly string[];
}

/** Reads the store, and live only what it does not show: that is missing, a stranger's, or has lost its labels. */
async function collect(set: CertificateSet, { cache, client }: KeepTools): Promise<Collected> {
  const secrets = new Map<string, SeenSecret>();
  const strangers: string[] = [];
  const { namespace } = set;
  for (const name of [set.authority.secretName, ...set.leaves.map(({ secretName }) => secretName)]) {
    const known = cache.get(Secrets, { namespace, name });
    const live = known === undefined ? await client.find(Secrets, { namespace, name }) : undefined;
    const found = known ?? (live === undefined ? undefined : trimCertificateSecret(live));
    if (found === undefined || !isStored(found)) continue;
    if (isOurs(found, set)) secrets.set(name, found);
    else strangers.push(name);
  }
  return { secrets, strangers };
}
