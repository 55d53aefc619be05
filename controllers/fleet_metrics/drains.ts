/**
 * How drains of pods end, told from what the cache sees of the pods: the mark that each carries on its way out.
 *
 * | a marked pod                                       | counts as |
 * | -------------------------------------------------- | --------- |
 * | is gone after it was ready for deletion            | success   |
 * | has been marked for longer than 5 min, and is not ready for deletion | timeout, once; overdue for as long as that holds |
 * | loses its mark                                     |           |
 */
import { drainRequestedAtAnnotation, drainStateAnnotation } from "../../api/multigres/annotations.ts";
import { Shards } from "../../api/multigres/shard.ts";
import { controllerKey } from "../../kube/cache.ts";
import { type Pod, Pods } from "../../kube/kinds.ts";
import { type Change, keyOf } from "../../kube/store.ts";
import type { Frozen } from "../../kube/types.ts";
import type { SampledMetric } from "../../telemetry/sampled.ts";
import { clusterNameOf, type Fleet, namespaceOf } from "./fleet.ts";

/** A drain that takes longer needs somebody's eyes. Nothing is forced then, so it may still end well. */
const LONGEST_SECONDS = 300;

const READY = "ready-for-deletion";

interface Drain {
  /** Key of the Shard. */
  readonly shard: string;
  /** When the pod was first seen marked, in milliseconds since 1970. */
  readonly since: number;
  readonly ready: boolean;
  readonly late: boolean;
}

interface Ends {
  success: number;
  timeout: number;
}

export class DrainTally {
  /** By UID of the pod; as many as there are marked pods. */
  readonly #drains = new Map<string, Drain>();
  /** By key of the Shard; forgotten with it. */
  readonly #ends = new Map<string, Ends>();

  constructor(private readonly fleet: Fleet) {
    const pods = fleet.cache.store(Pods);
    for (const pod of pods.values()) this.#see(pod);
    pods.subscribe((change) => this.#onChange(change));
    fleet.cache.store(Shards.resource).subscribe(({ type, object }) => {
      if (type === "deleted") this.#ends.delete(keyOf(object.metadata));
    });
  }

  /** How much is remembered. */
  get size(): number {
    return this.#drains.size + this.#ends.size;
  }

  metrics(): SampledMetric[] {
    return [
      {
        name: "multigres_operator_drain_operations_total",
        help: "Drains of a Shard's instances that ended well (success), or took longer than 5 min (timeout).",
        type: "counter",
        labelNames: ["cluster", "shard", "result"],
        samples: () => this.#operations(),
      },
      {
        name: "matriarch_drains_overdue",
        help: "Instances of a Shard whose drain has taken longer than 5 min and goes on.",
        type: "gauge",
        labelNames: ["cluster", "shard", "namespace"],
        samples: () => this.#overdue(),
      },
    ];
  }

  #onChange(change: Change<Pod>): void {
    if (change.type !== "deleted") return this.#see(change.object);
    const drain = this.#drains.get(uidOf(change.object));
    if (drain === undefined) return;
    this.#look(uidOf(change.object), drain);
    this.#drains.delete(uidOf(change.object));
    if (drain.ready) this.#count(drain.shard, "success");
  }

  #see(pod: Frozen<Pod>): void {
    const uid = uidOf(pod);
    const state = pod.metadata.annotations?.[drainStateAnnotation];
    const shard = state === undefined ? undefined : controllerKey(pod, Shards.resource);
    if (shard === undefined) return void this.#drains.delete(uid);
    const known = this.#drains.get(uid);
    if (known !== undefined) this.#look(uid, known);
    const { since, late } = this.#drains.get(uid) ?? { since: this.#sinceOf(pod), late: false };
    this.#drains.set(uid, { shard, since, late, ready: state === READY });
  }

  #sinceOf(pod: Frozen<Pod>): number {
    const asked = Date.parse(pod.metadata.annotations?.[drainRequestedAtAnnotation] ?? "");
    return Number.isNaN(asked) ? this.fleet.now().getTime() : asked;
  }

  /** Time alone makes a drain late, so it is looked at whenever there is an occasion. */
  #look(uid: string, drain: Drain): void {
    if (drain.late || drain.ready || !this.#isOverdue(drain)) return;
    this.#drains.set(uid, { ...drain, late: true });
    this.#count(drain.shard, "timeout");
  }

  #isOverdue({ since, ready }: Drain): boolean {
    return !ready && this.fleet.now().getTime() - since > LONGEST_SECONDS * 1_000;
  }

  #count(shard: string, result: keyof Ends): void {
    // The pods of a Shard that is gone have nobody to count for.
    if (this.fleet.cache.store(Shards.resource).get(shard) === undefined) return;
    const ends = this.#ends.get(shard) ?? { success: 0, timeout: 0 };
    ends[result]++;
    this.#ends.set(shard, ends);
  }

  /** Every Shard has both, from the start: what begins with 1 has no rate. */
  *#operations() {
    for (const [uid, drain] of this.#drains) this.#look(uid, drain);
    const sums = new Map<string, Ends & { cluster: string; shard: string }>();
    for (const shard of this.fleet.cache.store(Shards.resource).values()) {
      const labels = { cluster: clusterNameOf(shard), shard: shard.metadata.name };
      const { success, timeout } = this.#ends.get(keyOf(shard.metadata)) ?? { success: 0, timeout: 0 };
      // The labels do not tell namespaces apart.
      const id = `${labels.cluster}/${labels.shard}`;
      const sum = sums.get(id) ?? { ...labels, success: 0, timeout: 0 };
      sums.set(id, { ...labels, success: sum.success + success, timeout: sum.timeout + timeout });
    }
    for (const { cluster, shard, success, timeout } of sums.values()) {
      yield { labels: { cluster, shard, result: "success" }, value: success };
      yield { labels: { cluster, shard, result: "timeout" }, value: timeout };
    }
  }

  *#overdue() {
    const counts = new Map<string, number>();
    for (const drain of this.#drains.values()) {
      if (this.#isOverdue(drain)) counts.set(drain.shard, (counts.get(drain.shard) ?? 0) + 1);
    }
    for (const shard of this.fleet.cache.store(Shards.resource).values()) {
      const labels = {
        cluster: clusterNameOf(shard),
        shard: shard.metadata.name,
        namespace: namespaceOf(shard),
      };
      yield { labels, value: counts.get(keyOf(shard.metadata)) ?? 0 };
    }
  }
}

function uidOf({ metadata }: Frozen<Pod>): string {
  return metadata.uid ?? "";
}
