/** Objects that came from the API server. */
import type { Frozen, KubeObject, Stored } from "./types.ts";

/** Whether an object has what a delete or a checked patch needs: its UID and resourceVersion. */
export function isStored<T extends Frozen<KubeObject>>(object: T): object is T & Stored {
  return object.metadata.uid !== undefined && object.metadata.resourceVersion !== undefined;
}
