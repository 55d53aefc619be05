/** What the main program and the worker of the PKI tell each other. */
import { isRecord } from "../../kube/errors.ts";
import type { Maintained } from "./maintain.ts";
import type { Place } from "./place.ts";

/** How the worker reaches the API server; its token, where it needs one, it asks for. */
export interface Access {
  readonly server: string;
  readonly caPem?: string;
  readonly certPem?: string;
  readonly keyPem?: string;
  readonly hasToken: boolean;
}

/** What the worker is for. `keep`: certificates and `caBundle` of our own; `relinquish`: others provide them. */
export type Task = "keep" | "relinquish";

/** To the worker. The first is `begin`. */
export type MainMessage =
  | {
    readonly type: "begin";
    readonly task: Task;
    readonly place: Place;
    readonly access: Access;
    /** The time now, in milliseconds since 1970: a test may have turned it. */
    readonly now: number;
  }
  | { readonly type: "token"; readonly token: string }
  | { readonly type: "no token"; readonly message: string };

/** From the worker, which does nothing more after `done` or `failed`. */
export type PkiMessage =
  | { readonly type: "token wanted" }
  | { readonly type: "done"; readonly result: Maintained; readonly told: readonly string[] }
  | { readonly type: "failed"; readonly message: string };

const mainTypes: ReadonlySet<unknown> = new Set<MainMessage["type"]>(["begin", "token", "no token"]);
const pkiTypes: ReadonlySet<unknown> = new Set<PkiMessage["type"]>(["token wanted", "done", "failed"]);

/** Both sides are of this program: what carries a known type has the shape that belongs to it. */
export function isMainMessage(data: unknown): data is MainMessage {
  return isRecord(data) && mainTypes.has(data["type"]);
}

export function isPkiMessage(data: unknown): data is PkiMessage {
  return isRecord(data) && pkiTypes.has(data["type"]);
}
