/**
 * Whether a thing that exists on the server may be looked after for an order.
 *
 * | mark on it                         | what follows                                                                 |
 * | ---------------------------------- | ---------------------------------------------------------------------------- |
 * | this object's                      | ours, made or adopted as the mark says                                       |
 * | an earlier object's of this name   | adopted: it was retained, or its object was restored                         |
 * | another object's, which is there   | refused, whatever is asked for                                               |
 * | another object's, which is gone    | adopted when asked for, else refused                                         |
 * | none, proof of earlier care        | adopted: the operator before us left no marks                                |
 * | none                               | adopted when asked for, else refused                                         |
 */
import { annotations } from "../../api/smoketurner/annotations.ts";
import { markOf } from "./marks.ts";
import type { Order } from "./order.ts";

export type Claim =
  | { readonly kind: "ours"; readonly made: boolean }
  | { readonly kind: "adopt" }
  | { readonly kind: "refused"; readonly message: string };

export interface Claimed {
  /** Such as `role app`. */
  readonly what: string;
  readonly comment: string | undefined;
  /** Whether something else proves that it was this object's before. */
  readonly proven: boolean;
}

/** @param isAlive whether there is a PostgresDatabase of this UID */
export function claimOf(
  { what, comment, proven }: Claimed,
  order: Order,
  isAlive: (uid: string) => boolean,
): Claim {
  const mark = markOf(comment);
  if (mark?.uid === order.uid) return { kind: "ours", made: mark.made };
  if (mark === undefined) {
    if (proven || order.adopts) return { kind: "adopt" };
    return refused(what, "it exists and belongs to nobody that we know", "allow it to be taken over by");
  }
  const other = `it belongs to PostgresDatabase ${mark.namespace}/${mark.name}`;
  if (isAlive(mark.uid)) {
    return { kind: "refused", message: `Cannot look after ${what} as ${other}. Choose another name.` };
  }
  if (mark.namespace === order.namespace && mark.name === order.name) return { kind: "adopt" };
  if (order.adopts) return { kind: "adopt" };
  return refused(what, `${other}, which is gone`, "allow it to be taken over by");
}

function refused(what: string, why: string, remedy: string): Claim {
  const message = `Cannot look after ${what} as ${why}. Choose another name, or ${remedy} annotation ` +
    `${annotations.adoptExisting}: "true".`;
  return { kind: "refused", message };
}
