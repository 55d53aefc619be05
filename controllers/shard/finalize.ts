/**
 * Taking a shard down: orchestrators, standbys, primary, then the claims by their policies (see `life/removal.ts`). A
 * shard that does not fit its schema any more keeps its claims: what it says of them cannot be read.
 */
import { shardClaimsFinalizer } from "../../api/multigres/annotations.ts";
import { Shards } from "../../api/multigres/shard.ts";
import { type Outcome, type ReconcileContext, settled } from "../../kube/controller.ts";
import { patch, type Step, tell } from "../../kube/plan.ts";
import { isStored } from "../../kube/stored.ts";
import type { Frozen, KubeObject, Stored } from "../../kube/types.ts";
import { outcomeOf, soonest } from "../outcome.ts";
import type { Means } from "./controller.ts";
import { addressOfShard, lookAnew, lookAt, lookTools, reachInstances } from "./data_plane.ts";
import { decideLife } from "./life/decide.ts";
import { carryOutLife } from "./life_acts.ts";
import { lifeModelOf } from "./life_model.ts";
import { observe } from "./observe.ts";

type Leaving = Frozen<KubeObject> & Stored;

export async function finalize(raw: Leaving, means: Means, context: ReconcileContext): Promise<Outcome> {
  if (raw.metadata.finalizers?.includes(shardClaimsFinalizer) !== true) return settled;
  const decoded = Shards.decode(raw);
  if (!decoded.ok || !isStored(decoded.value)) {
    const message = "The shard does not fit its schema any more: its claims are kept";
    return await letGo(raw, [tell("Warning", "ClaimsKept", message)], context);
  }
  const shard = decoded.value;
  const { services } = means;
  const { instancesFrom } = await import("./read_instances.ts");
  const observeNow = () => observe(shard, context, services.telemetry);
  const seen = observeNow();
  const address = addressOfShard(seen.view);
  const looking = lookTools(means, context.cache, shard.metadata.uid);
  const progress = lookAt(address, looking, context);
  const now = context.clock.now();
  const instances = instancesFrom({ seen, progress, now, evidenceSeconds: services.evidenceSeconds });
  const model = lifeModelOf({ seen, instances, cache: context.cache, now });
  const { actions, wait, facts } = decideLife(model);
  const look = progress.kind === "done" ? progress.result : undefined;
  const calls = { address, services, context, look, expected: undefined };
  const result = await carryOutLife(actions, { observe: observeNow, calls, classes: [] }, context);
  if (reachInstances(result.written, look, looking)) lookAnew(address, looking, context);
  if (facts.removal?.done === true && result.kind === "done") return await letGo(raw, [], context);
  return soonest(outcomeOf(result), wait?.seconds ?? 1);
}

async function letGo(raw: Leaving, told: readonly Step[], context: ReconcileContext): Promise<Outcome> {
  const finalizers = raw.metadata.finalizers?.filter((name) => name !== shardClaimsFinalizer);
  return outcomeOf(await context.act([...told, patch(Shards.resource, raw, { metadata: { finalizers } })]));
}
