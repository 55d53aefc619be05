/**
 * What becomes of claims while the shard lives. A volume is only ever given up by the policy for scaling down, in
 * `fateAfterScaling`, and by the rebuilding of a quarantined instance; here marks and owners are put right.
 *
 * | claim                    | used | mark | whenScaled | whenDeleted | owned | done                      |
 * | ------------------------ | ---- | ---- | ---------- | ----------- | ----- | ------------------------- |
 * | ending                   |      |      |            |             |       | nothing                   |
 * | any                      | yes  | yes  |            |             |       | mark cleared              |
 * | data, of no wanted slot  | no   | no   | Delete     |             |       | marked, no longer owned   |
 * | data, of no wanted slot  | no   | no   | Retain     |             |       | kept without mark         |
 * | marked, and stays so     | no   | yes  |            |             | yes   | no longer owned           |
 * | without mark, now        |      |      |            | Delete      | no    | owned                     |
 * | without mark, now        |      |      |            | Retain      | yes   | no longer owned           |
 *
 * A claim is used when its slot is wanted, or its pod exists and has not got its turn to be deleted; the claim for
 * backups always is. A claim whose pod went some other way, or whose policy was changed later, is marked and never deleted
 * here, and marked only while a primary leads, and after the record of its pooler: a mark can be taken back for as long as the collector leaves it alone.
 */
import type { LifeAction } from "./actions.ts";
import { KEPT_CLAIMS } from "./bounds.ts";
import { blindness } from "./gate.ts";
import type { LifeClaim, LifePod } from "./model.ts";
import { isSameGroup, type LifeView, policyOf, slotKey } from "./view.ts";

export function upkeepOf(view: LifeView): LifeAction[] {
  const used = usedSlots(view);
  const strays = view.shard.strays.flatMap(({ slot }) => slot === undefined ? [] : [slot]);
  const taken = new Set([...view.shard.pods, ...strays].map(slotKey));
  const certain = blindness(view, "scaleDown") === undefined;
  return view.shard.claims.filter(({ terminating }) => !terminating).flatMap((claim) => {
    const key = claim.slot === undefined ? undefined : slotKey(claim.slot);
    const isUsed = key === undefined || used.has(key);
    return upkeep(view, claim, isUsed, certain && key !== undefined && !isUsed && !taken.has(key));
  });
}

function usedSlots({ shard, slots }: LifeView): Set<string> {
  const pods = shard.pods.filter(({ drain, state }) =>
    drain?.state !== "readyForDeletion" && state.kind !== "terminating"
  );
  return new Set([...slots, ...pods].map(slotKey));
}

function upkeep(view: LifeView, claim: LifeClaim, used: boolean, left: boolean): LifeAction[] {
  const { name, orphan, owned } = claim;
  const policy = policyOf(view.shard, claim);
  const marked = orphan ? !used : left && policy.whenScaled === "Delete";
  const actions: LifeAction[] = [];
  if (orphan && !marked) actions.push({ kind: "clearOrphan", claim: name });
  if (!orphan && marked) actions.push({ kind: "markOrphan", claim: name });
  const shouldOwn = !marked && policy.whenDeleted === "Delete";
  if (owned !== shouldOwn) actions.push({ kind: shouldOwn ? "setOwner" : "clearOwner", claim: name });
  return actions;
}

/**
 * What becomes of the claim of a pod that goes by scaling down. The last volumes of a pool in a cell outlive it as
 * orphans, which a collector removes much later: a wrong number must not cost all copies.
 *
 * A claim of a pod that is marked as going does not count either: what became of it may not be seen yet.
 *
 * | whenScaled | other claims of pool and cell, neither orphans, ending nor lost | fate     |
 * | ---------- | --------------------------------------------------------------- | -------- |
 * | Retain     |                                                                 | kept     |
 * | Delete     | fewer than three                                                | orphan   |
 * | Delete     | three or more                                                   | deleted  |
 */
export function fateAfterScaling({ shard }: LifeView, pod: LifePod): LifeAction[] {
  const group = shard.claims.filter(({ slot }) => slot !== undefined && isSameGroup(slot, pod));
  const claim = group.find(({ slot }) => slot?.index === pod.index);
  if (claim === undefined || claim.orphan || claim.terminating) return [];
  if (policyOf(shard, claim).whenScaled === "Retain") return [];
  const going = new Set(shard.pods.filter(({ drain }) => drain?.state === "readyForDeletion").map(slotKey));
  const others = group.filter(({ name, slot, orphan, terminating, lost }) =>
    name !== claim.name && !orphan && !terminating && !lost && slot !== undefined && !going.has(slotKey(slot))
  );
  if (others.length >= KEPT_CLAIMS) {
    return [{ kind: "deleteClaim", claim: claim.name, reason: "scaleDown" }];
  }
  const mark: LifeAction = { kind: "markOrphan", claim: claim.name };
  return claim.owned ? [mark, { kind: "clearOwner", claim: claim.name }] : [mark];
}
