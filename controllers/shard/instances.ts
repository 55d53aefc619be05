/** What is known of the instances of a shard, in the terms of the decisions. */
import type { Evidence, StrayPooler, Topology } from "./life/model.ts";

export interface Instances {
  readonly topology: Topology;
  /** By the name of the pod. Pods that are not in it never registered. */
  readonly byPod: ReadonlyMap<string, Evidence>;
  /** Pods whose pooler gave up on its data. */
  readonly quarantined: ReadonlySet<string>;
  readonly strays: readonly StrayPooler[];
}
