/** Reviews before reconciles, where both want the same processor: somebody waits for a review. */
import { setPriority } from "node:os";
import type { Logger } from "../telemetry/log.ts";

/** Of 19 at most. The kernel gives a thread of 0 nine times as much as one of 10, where not all can run. */
const NICENESS = 10;

/**
 * Puts the calling thread behind the other threads of the process. It is for the main thread once the webhook's runs: a
 * thread has the priority of the one that started it, so a webhook's thread that died and was replaced is no longer ahead.
 */
export function yieldToReviews(log: Logger): void {
  // Elsewhere this would slow the whole process.
  if (Deno.build.os !== "linux") return;
  try {
    setPriority(0, NICENESS);
  } catch (error) {
    log.debug("Reconciles and reviews have the same priority", { reason: String(error) });
  }
}
