/** Waits for a kind that the API server does not serve yet, by watching its CustomResourceDefinition. */
import { backoffMs, REFLECTOR_BACKOFF } from "./backoff.ts";
import type { KubeClient } from "./client.ts";
import { type Clock, sleep } from "./clock.ts";
import type { Random } from "./random.ts";
import { defineResource, qualifiedName, type Resource } from "./resource.ts";
import type { KubeObject } from "./types.ts";

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

/** The longest that one watch of the definition stays open, in seconds; then the kind itself is tried again. */
const WATCH_SECONDS = 300;

/**
 * Returns when the kind's definition is established, when `signal` aborts, or when it is time to try the kind itself
 * again: after 300 s of watching, or after a pause where definitions may not be watched. Never rejects.
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
  const { client, resource } = options;
  const selection = { fields: `metadata.name=${qualifiedName(resource)}` };
  let version = "";
  for await (const page of client.list(Definitions, selection)) {
    if (page.items.some(isEstablished)) return false;
    version = page.resourceVersion;
  }
  const connection = await client.watch(Definitions, selection, {
    resourceVersion: version,
    timeoutSeconds: WATCH_SECONDS,
    signal,
  });
  try {
    for (let events = await connection.next(); events !== undefined; events = await connection.next()) {
      if (events.some((event) => "object" in event && isEstablished(event.object))) return true;
    }
    return false;
  } finally {
    await connection.close();
  }
}

function isEstablished(definition: Definition): boolean {
  return definition.status?.conditions?.some((condition) =>
    condition.type === "Established" && condition.status === "True"
  ) ?? false;
}
