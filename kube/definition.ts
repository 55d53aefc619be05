/** Waits for a kind that the API server does not serve yet, by watching its CustomResourceDefinition. */
import { backoffMs, REFLECTOR_BACKOFF } from "./backoff.ts";
import type { KubeClient } from "./client.ts";
import { type Clock, sleep } from "./clock.ts";
import type { Random } from "./random.ts";
import { defineResource, qualifiedName, type Resource } from "./resource.ts";
import type { Selection } from "./selector.ts";
import type { KubeObject } from "./types.ts";
import type { WatchEvent } from "./watch.ts";

/** The little that is read of a CustomResourceDefinition. */
export interface Definition extends KubeObject {
  status?: { conditions?: { type: string; status: string }[] };
}

export const Definitions: Resource<Definition> = defineResource<Definition>({
  group: "apiextensions.k8s.io",
  version: "v1",
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
  namespaced: false,
});

export interface ServedOptions {
  readonly client: KubeClient;
  readonly resource: Resource;
  readonly clock: Clock;
  readonly random: Random;
  /** Failures so far in a row: the pause after each look grows with it. */
  readonly failures: number;
}

/** The longest that one watch of the definition stays open, in seconds; the next goes on where it ended. */
const WATCH_SECONDS = 300;

/** A watch that ends sooner than this, in milliseconds, is not simply followed by the next: whoever answers so is ill. */
const SHORTEST_WATCH_MS = 1_000;

/**
 * Returns when the kind's definition is established, when `signal` aborts, or when it is time to try the kind itself
 * again: after a pause, where definitions cannot be watched. However long the definition is away, waiting for it costs
 * nothing but the watch. Never rejects.
 */
export async function waitUntilServed(options: ServedOptions, signal: AbortSignal): Promise<void> {
  const { clock, random, failures } = options;
  let appeared = false;
  try {
    appeared = await watchDefinition(options, signal);
  } catch {
    // Without the right to watch definitions a pause has to do.
  }
  // Establishing and serving are two steps of the API server, so even a definition that just appeared gets 0.2 s.
  await sleep(clock, backoffMs(REFLECTOR_BACKOFF, appeared ? 1 : failures, random), signal);
}

/** @returns true when the definition became established while watching; false when it was before, or did not. */
async function watchDefinition(options: ServedOptions, signal: AbortSignal): Promise<boolean> {
  const { client, resource, clock } = options;
  const selection = { fields: `metadata.name=${qualifiedName(resource)}` };
  let seen: Seen = { version: "", established: false };
  for await (const page of client.list(Definitions, selection)) {
    if (page.items.some(isEstablished)) return false;
    seen = { ...seen, version: page.resourceVersion };
  }
  for (let longEnough = true; longEnough && !seen.established && !signal.aborted;) {
    const opened = clock.monotonic();
    seen = await watchOnce(client, selection, seen.version, signal);
    longEnough = clock.monotonic() - opened >= SHORTEST_WATCH_MS;
  }
  return seen.established;
}

/** What a watch has told: the version it came to, and whether the definition is established. */
interface Seen {
  readonly version: string;
  readonly established: boolean;
}

/** One watch from a version on. @throws when it cannot be opened, breaks, or has to start over */
async function watchOnce(
  client: KubeClient,
  selection: Selection,
  resourceVersion: string,
  signal: AbortSignal,
): Promise<Seen> {
  const connection = await client.watch(Definitions, selection, {
    resourceVersion,
    timeoutSeconds: WATCH_SECONDS,
    signal,
  });
  let seen: Seen = { version: resourceVersion, established: false };
  try {
    for (let events = await connection.next(); events !== undefined; events = await connection.next()) {
      seen = events.reduce(taken, seen);
      if (seen.established) return seen;
    }
    return seen;
  } finally {
    await connection.close();
  }
}

function taken(seen: Seen, event: WatchEvent<Definition>): Seen {
  switch (event.type) {
    case "ADDED":
    case "MODIFIED":
      return {
        version: event.object.metadata.resourceVersion ?? seen.version,
        established: isEstablished(event.object),
      };
    case "DELETED":
      return { version: event.object.metadata.resourceVersion ?? seen.version, established: false };
    case "BOOKMARK":
      return { ...seen, version: event.resourceVersion };
    case "MALFORMED":
      return seen;
    case "ERROR":
      throw event.error;
  }
}

function isEstablished(definition: Definition): boolean {
  return definition.status?.conditions?.some((condition) =>
    condition.type === "Established" && condition.status === "True"
  ) ?? false;
}
