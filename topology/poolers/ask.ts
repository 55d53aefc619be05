/** Asks the poolers of a shard how they are, all at the same time. */
import { type Multipooler, PoolerLifecycleStatus as Lifecycle } from "../gen/clustermetadata_pb.ts";
import type { Clock } from "../../kube/clock.ts";
import type { StoredPooler } from "../records/poolers.ts";
import type { CallOptions } from "../store.ts";
import { addressOf, type PoolerTls } from "./address.ts";
import type { PoolerStatus } from "./answers.ts";
import { PoolerError } from "./errors.ts";
import type { PoolerClient } from "./pooler_client.ts";

/** What came of asking one pooler, and when the answer was there. */
export type Answer =
  | { readonly kind: "answered"; readonly status: PoolerStatus; readonly at: Date }
  | { readonly kind: "failed"; readonly error: PoolerError; readonly at: Date };

export interface AskOptions extends CallOptions {
  readonly clock: Clock;
  /** Plain HTTP/2 when absent. */
  readonly tls?: PoolerTls;
}

/**
 * The answers by the keys of the records. Poolers that have stopped are not asked.
 * @throws PoolerError `aborted` alone: whatever else goes wrong with one pooler is its answer
 */
export async function askPoolers(
  client: PoolerClient,
  poolers: readonly StoredPooler[],
  options: AskOptions,
): Promise<Map<string, Answer>> {
  const asked = poolers.filter(({ record }) => !hasStopped(record));
  const answers = await Promise.all(
    asked.map(async (pooler) => [pooler.key, await ask(client, pooler, options)] as const),
  );
  return new Map(answers);
}

async function ask(
  client: PoolerClient,
  pooler: StoredPooler,
  { clock, tls, ...call }: AskOptions,
): Promise<Answer> {
  try {
    const status = await client.status(addressOf(pooler, tls), call);
    return { kind: "answered", status, at: clock.now() };
  } catch (error) {
    if (!(error instanceof PoolerError) || error.failure === "aborted") throw error;
    return { kind: "failed", error, at: clock.now() };
  }
}

function hasStopped({ lifecycleStatus }: Multipooler): boolean {
  return lifecycleStatus?.status === Lifecycle.SHUTDOWN;
}
