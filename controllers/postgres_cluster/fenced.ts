/** What does not go through the API server must not be changed by a process that may not work any more, either. */
import type { Fence } from "../../kube/fence.ts";
import { PatroniError } from "../../postgres/patroni/rest.ts";

/** @throws PatroniError */
export function refuseWhenFenced(fence: Fence): void {
  const refusal = fence.refusal();
  if (refusal !== undefined) throw new PatroniError(`Cannot change anything at Patroni as ${refusal}`);
}
