/** What is known of the instances of a shard, in the terms of the decisions. */
import type { EvidenceProblem } from "../../topology/poolers/evidence.ts";
import type { Evidence, StrayPooler, Topology } from "./life/model.ts";

export interface Instances {
  readonly topology: Topology;
  /** By the name of the pod. Pods that are not in it never registered. */
  readonly byPod: ReadonlyMap<string, Evidence>;
  /** Pods whose pooler gave up on its data. */
  readonly quarantined: ReadonlySet<string>;
  readonly strays: readonly StrayPooler[];
  /** As the status tells them, by pod: PRIMARY, REPLICA, QUARANTINED, DRAINED. */
  readonly roles: ReadonlyMap<string, string>;
  /** Pods of which nothing is known, as a record or a whole cell could not be read. */
  readonly unread: ReadonlySet<string>;
  /** Whether the shard had a primary at some time, as far as records and answers tell. */
  readonly bootstrapped: boolean;
  readonly problems: readonly EvidenceProblem[];
}
