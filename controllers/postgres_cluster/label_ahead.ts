/**
 * The primary's Service follows a label that Patroni writes: off the old leader once that has stopped, and onto the new
 * one once that is promoted. kube-proxy takes up two changes in a row a second apart, and for that second the Service
 * leads nowhere. So the candidate is labelled ahead, as soon as the leader's server shuts down and takes nobody any more:
 * the two changes have arrived when the new leader is ready to write.
 *
 * Nothing has to be undone. Patroni compares its pod's label with its role in each round (ten seconds) and mends it, even
 * while no operator runs. A switchover that is refused, or waits for a checkpoint, never gets as far as a shutdown.
 */
import { labelKeys, spiloRole } from "../../api/smoketurner/labels.ts";
import type { KubeClient } from "../../kube/client.ts";
import { type Clock, sleep } from "../../kube/clock.ts";
import { Pods } from "./kinds.ts";

export interface Ahead {
  readonly client: Pick<KubeClient, "patch">;
  readonly clock: Clock;
  readonly candidate: { readonly namespace: string; readonly name: string; readonly uid: string };
  /** Whether the leader's server shuts down. A question that fails is asked again. */
  readonly isStopping: (signal: AbortSignal) => Promise<boolean>;
  /** Told when the label cannot be written: it only takes clients longer to find the new leader. */
  readonly failed: (error: unknown) => void;
}

/** A shutdown takes Patroni a second at least, as it looks once a second whether it is over. In milliseconds. */
const LOOK_MS = 100;

/**
 * Carries out a switchover, and labels the candidate as soon as the leader stops meanwhile.
 * @returns and throws what the switchover does
 */
export async function withLabelAhead<T>(ahead: Ahead, switchover: () => Promise<T>): Promise<T> {
  const over = new AbortController();
  const labelled = labelOnceStopping(ahead, over.signal).catch(ahead.failed);
  try {
    return await switchover();
  } finally {
    over.abort();
    await labelled;
  }
}

/** Ends without a label when `over` aborts. @throws ApiError, TransportError when the label cannot be written */
async function labelOnceStopping(
  { client, clock, candidate, isStopping }: Ahead,
  over: AbortSignal,
): Promise<void> {
  while (!await isStopping(over).catch(() => false)) {
    if (!await sleep(clock, LOOK_MS, over)) return;
  }
  if (over.aborted) return;
  const { namespace, name, uid } = candidate;
  // Another pod of that name is nobody's candidate: the server compares the uid.
  const labels = { [labelKeys.role]: spiloRole.primary };
  await client.patch(Pods, { namespace, name }, { metadata: { uid, labels } });
}
