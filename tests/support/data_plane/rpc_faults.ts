/** How poolers misbehave when they are asked, as a test orders. */
import { Code, ConnectError } from "@connectrpc/connect";
import { delay } from "../../ground/wait_for.ts";

export type Method =
  | "status"
  | "getBackups"
  | "getBackupByJobId"
  | "backup"
  | "reloadConfig"
  | "resignLeadership";

/** One order. It holds for a pod and a method, or for all where none is named, until it is taken back or used up. */
export interface RpcFault {
  readonly pod?: string;
  readonly method?: Method;
  /** Real milliseconds before the answer; `Infinity` for none at all. */
  readonly delayMs?: number;
  /** The answer instead. */
  readonly code?: Code;
  readonly message?: string;
  /** How many calls it is for: all when absent. */
  readonly times?: number;
}

export class RpcFaults {
  readonly #faults = new Map<RpcFault, number>();

  /** @returns what takes the order back */
  add(fault: RpcFault): () => void {
    this.#faults.set(fault, fault.times ?? Infinity);
    return () => void this.#faults.delete(fault);
  }

  /** Waits or throws as ordered. */
  async meet(pod: string, method: Method, signal: AbortSignal): Promise<void> {
    for (const [fault, left] of [...this.#faults]) {
      const meant = (fault.pod ?? pod) === pod && (fault.method ?? method) === method;
      if (!meant || left <= 0) continue;
      this.#faults.set(fault, left - 1);
      await this.#suffer(fault, signal);
    }
  }

  async #suffer({ delayMs = 0, code, message = "as the test ordered" }: RpcFault, signal: AbortSignal) {
    if (delayMs === Infinity) await aborted(signal);
    else if (delayMs > 0) await delay(delayMs);
    if (code !== undefined) throw new ConnectError(message, code);
  }
}

/** Ends with the call. */
export async function aborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) {
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  }
  throw new ConnectError("the call ended", Code.Canceled);
}
