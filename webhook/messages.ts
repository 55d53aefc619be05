/** What the main program and the worker of the webhook tell each other. */
import { isRecord } from "../kube/errors.ts";
import type { Patience, Told } from "./answer.ts";
import type { FactChange } from "./facts.ts";
import type { OperatorAccount } from "./guards.ts";
import type { KeyPair } from "./server.ts";

/** To the worker. The first is `begin`; it listens from its first certificate on. */
export type HostMessage =
  | {
    readonly type: "begin";
    /** All interfaces when absent. */
    readonly hostname?: string;
    readonly port: number;
    readonly account: OperatorAccount;
    /** All namespaces when absent. */
    readonly namespaces?: readonly string[];
    readonly patience?: Patience;
  }
  | { readonly type: "facts"; readonly changes: readonly FactChange[] }
  /** A pair that was checked. */
  | { readonly type: "certificate"; readonly pair: KeyPair }
  /** Serves on, but lets go of each connection with its next answer: the process is to end soon. */
  | { readonly type: "leave" }
  /** Asks for a sign of life. */
  | { readonly type: "ping" };

/** A review that was answered, and how many seconds it took. */
export interface Reviewed {
  readonly told: Told;
  readonly seconds: number;
}

/** From the worker. */
export type WorkerMessage =
  | { readonly type: "listening"; readonly port: number }
  | { readonly type: "pong" }
  /** Reviews that were answered since the last time. */
  | { readonly type: "reviewed"; readonly reviews: readonly Reviewed[] }
  /** The worker can do nothing more, and ends. */
  | { readonly type: "failed"; readonly message: string };

const hostTypes: ReadonlySet<unknown> = new Set<HostMessage["type"]>([
  "begin",
  "facts",
  "certificate",
  "leave",
  "ping",
]);
const workerTypes: ReadonlySet<unknown> = new Set<WorkerMessage["type"]>([
  "listening",
  "pong",
  "reviewed",
  "failed",
]);

/** Both sides are of this program: what carries a known type has the shape that belongs to it. */
export function isHostMessage(data: unknown): data is HostMessage {
  return isRecord(data) && hostTypes.has(data["type"]);
}

export function isWorkerMessage(data: unknown): data is WorkerMessage {
  return isRecord(data) && workerTypes.has(data["type"]);
}
