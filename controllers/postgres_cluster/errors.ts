/** What the status says of errors. */
import type { PostgresClusterStatus } from "../../api/smoketurner/postgres_cluster/status.ts";
import { describeStep } from "../../kube/act.ts";
import { backoffMs, RECONCILE_BACKOFF } from "../../kube/backoff.ts";
import type { Clock } from "../../kube/clock.ts";
import { timestamp } from "../../kube/conditions.ts";
import type { Obstacle } from "./obstacles.ts";
import { type Pass, secondsSince } from "./pass.ts";
import type { Phase } from "./state_machine.ts";

type Errors = Pick<PostgresClusterStatus, "retryCount" | "lastError" | "lastErrorTime">;

interface Context {
  /** It keeps the cluster from being what is asked for; retries are not what it waits for. */
  readonly isFailed: boolean;
  readonly phase: Phase;
  readonly clock: Clock;
}

/** What went wrong in a look; undefined when nothing did. */
export function errorText({ result }: Pass, failure: Obstacle | undefined): string | undefined {
  if (failure !== undefined) return failure.message;
  return result.kind === "failed"
    ? `Cannot ${describeStep(result.step)}: ${result.error.message}`
    : undefined;
}

/**
 * Failures in a row. One is counted when a retry was due, not at every look: a look may have other reasons, and counting
 * it would be a write that causes the next look.
 */
export function errorsOf(before: Errors | undefined, text: string | undefined, context: Context): Errors {
  if (text === undefined) return context.phase === "Running" ? { retryCount: 0 } : kept(before);
  const { retryCount = 0, lastError, lastErrorTime } = before ?? {};
  if (lastError === text && !isRetryDue(lastErrorTime, retryCount, context)) return kept(before);
  return { retryCount: retryCount + 1, lastError: text, lastErrorTime: timestamp(context.clock.now()) };
}

function kept({ retryCount = 0, lastError, lastErrorTime }: Errors = {}): Errors {
  return {
    retryCount,
    ...(lastError === undefined ? {} : { lastError }),
    ...(lastErrorTime === undefined ? {} : { lastErrorTime }),
  };
}

function isRetryDue(since: string | undefined, retries: number, { isFailed, clock }: Context): boolean {
  if (isFailed || since === undefined) return false;
  const leastMs = backoffMs(RECONCILE_BACKOFF, retries, () => 0);
  return secondsSince(since, clock) * 1_000 >= leastMs;
}
