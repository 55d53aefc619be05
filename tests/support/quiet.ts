/** Whether an operator has come to rest. */
import { PARENT_REST_MS, STATUS_REST_MS } from "../../controllers/status_rest.ts";
import { delay } from "../ground/wait_for.ts";
import type { RunningOperator } from "./operator.ts";

/** Longer than the words of a status wait to be written, in milliseconds: who is quiet for so long has nothing left to say. */
export const SETTLED_MS = 1.2 * STATUS_REST_MS;

/** The same for a parent that does not come up, in milliseconds. */
export const PENDING_MS = 1.2 * PARENT_REST_MS;

/** Waits until an operator has asked for nothing for so many milliseconds, watches left aside. */
export async function untilQuiet(
  { transport }: Pick<RunningOperator, "transport">,
  quietMs = 1_500,
  timeoutMs = 30_000,
): Promise<void> {
  const requests = () => transport.seen.filter((entry) => !entry.startsWith("WATCH ")).length;
  const deadline = performance.now() + timeoutMs;
  for (let before = -1; before !== requests();) {
    if (performance.now() > deadline) throw new Error(`The operator asked on: ${transport.seen.slice(-10)}`);
    before = requests();
    await delay(quietMs);
  }
}
