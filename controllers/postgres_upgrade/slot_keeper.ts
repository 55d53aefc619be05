/** Tells the Patroni of either side which slots are none of its business to drop. */
import type { ReconcileContext } from "../../kube/controller.ts";
import { PatroniError } from "../../postgres/patroni/rest.ts";
import { keepSlots, type KeptSlots } from "../../postgres/patroni/slots.ts";
import { podAddress } from "../postgres_cluster/evidence.ts";
import type { SlotKeeper } from "./desk.ts";
import { type Observation, primaryMember } from "./observe.ts";
import type { SideName } from "./sides.ts";

/** The way to Patroni; a test's own when given. */
export type TellPatroni = (address: string, slots: KeptSlots, signal: AbortSignal) => Promise<void>;

export function slotKeeper(
  seen: Observation,
  context: Pick<ReconcileContext, "cache">,
  tell: TellPatroni = keepSlots,
): SlotKeeper {
  const address = (side: SideName) => {
    const found = seen[side];
    const member = found.kind === "there" ? primaryMember(found.cluster, context) : undefined;
    return member === undefined ? undefined : podAddress(member);
  };
  return {
    keep: async (side, slots, signal) => {
      const found = address(side);
      if (found === undefined) {
        throw new PatroniError(`Cannot tell Patroni of slots as ${seen.names[side]} has no primary now`);
      }
      await tell(found, slots, signal);
    },
    release: async (side, names, signal) => {
      const found = address(side);
      // Without a primary there is nobody who would make them anew; the slots themselves are dropped by SQL.
      if (found === undefined || names.length === 0) return;
      await tell(found, Object.fromEntries(names.map((name) => [name, null])), signal);
    },
  };
}
