/** Plays the part of the Shard controller: says of each Shard that it is as it should be. */
import { type Shard, Shards } from "../../api/multigres/shard.ts";
import type { Controller } from "../../kube/controller.ts";

/** A controller that makes nothing. */
export const shardPlayer: Controller<Shard> = {
  name: "shard",
  watched: { resource: Shards.resource },
  owns: [],
  decode: (raw) => Shards.decode(raw),
  async reconcile(shard, context) {
    const { generation } = shard.metadata;
    const pending = shard.metadata.annotations?.["multigres.com/pending-deletion"] !== undefined;
    const lastTransitionTime = "2026-01-01T00:00:00Z";
    const leaving = {
      type: "ReadyForDeletion",
      status: "True",
      reason: "DrainComplete",
      message: "",
      lastTransitionTime,
    };
    await context.writeStatus({
      phase: "Healthy",
      orchReady: true,
      poolsReady: true,
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      ...(pending ? { conditions: [leaving] } : {}),
    });
    return { kind: "settled" };
  },
};
