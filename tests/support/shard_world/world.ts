/**
 * A world that a shard lives in, turned second by second: what the API server, the kubelets and the data plane would do,
 * with the times that were seen of real ones. Decisions about pods are tried out in it for thousands of lives.
 */
import type { ClaimPolicy, Drain, DrainState, Slot } from "../../../controllers/shard/life/model.ts";
import { slotKey } from "../../../controllers/shard/life/view.ts";
import { type Random, seededRandom } from "../../../kube/random.ts";
import type { Term } from "../../../topology/records/term.ts";

/** What runs in a pod. */
export interface Process {
  startedAt: number;
  /** Whether it has its data, from its volume or from a backup. */
  initializedAt: number;
  /** Leads since then; undefined for a standby. */
  term: Term | undefined;
  resigning: boolean;
  streaming: boolean;
  streamsFrom: number;
  lagBytes: number;
}

export interface WorldPod extends Slot {
  readonly name: string;
  readonly uid: number;
  version: number;
  readonly createdAt: number;
  /** The generations that it was made from. */
  readonly made: Generations;
  reloaded: number;
  phase: "pending" | "starting" | "ready" | "notReady" | "crashLooping" | "failed";
  phaseAt: number;
  deletedAt: number | undefined;
  drain: { state: DrainState; at: number } | undefined;
  drained: boolean;
  quarantined: boolean;
  process: Process | undefined;
  fileSystemPendingAt: number | undefined;
}

export interface WorldClaim {
  readonly name: string;
  readonly slot: Slot | undefined;
  readonly uid: number;
  version: number;
  bytes: number;
  orphan: boolean;
  owned: boolean;
  lost: boolean;
  deleted: boolean;
  hasData: boolean;
}

export interface PoolerRecord {
  term: Term | undefined;
  shutdown: boolean;
  readonly slot: Slot;
}

export interface Generations {
  readonly user: number;
  readonly operator: number;
}

/** What people want; changed by the events of a walk. */
export interface Wanted {
  replicas: Map<string, number>;
  generations: Generations;
  adopt: boolean;
  reload: number;
  bytes: number;
  policy: ClaimPolicy;
}

export interface Group {
  readonly pool: string;
  readonly cell: string;
  readonly replicas: number;
}

export const GRACE_SECONDS = 30;

export function groupKey({ pool, cell }: Omit<Slot, "index">): string {
  return `${pool}/${cell}`;
}

export function podName(slot: Slot): string {
  return `${slot.pool}-${slot.cell}-${slot.index}`;
}

/** What goes wrong at the moment. */
export interface Faults {
  readonly lostNodes: Map<string, number>;
  topologyDown: boolean;
  unanswered: Set<string>;
  callsFail: boolean;
  unschedulable: boolean;
  brokenGeneration: number | undefined;
  backupUnhealthy: boolean;
  rigidClass: boolean;
}

export class World {
  now = 0;
  readonly random: Random;
  readonly pods = new Map<string, WorldPod>();
  readonly claims = new Map<string, WorldClaim>();
  readonly records = new Map<string, PoolerRecord>();
  readonly cohort = new Set<string>();
  readonly wanted: Wanted;
  readonly faults: Faults = {
    lostNodes: new Map(),
    topologyDown: false,
    unanswered: new Set(),
    callsFail: false,
    unschedulable: false,
    brokenGeneration: undefined,
    backupUnhealthy: false,
    rigidClass: false,
  };
  orchestrators: { present: boolean; endingAt: number | undefined } = { present: true, endingAt: undefined };
  removal: { kind: "prepare" | "delete"; at: number } | undefined;
  electionAt: number | undefined;
  lastTerm = 0n;
  /** Whoever resigned last is seldom elected again. */
  resigned: string | undefined;
  /** Slots whose pods we took down, until they have come back. */
  readonly downByUs = new Map<string, Slot>();
  /** Counts every change that a watch would tell of. */
  changes = 0;
  #uid = 0;

  constructor(
    readonly groups: readonly Group[],
    readonly dataPlane: boolean,
    seed: number,
    readonly need: { readonly policy: string; readonly instances: number; readonly cells: number },
  ) {
    this.random = seededRandom(seed);
    this.wanted = {
      replicas: new Map(groups.map((group) => [groupKey(group), group.replicas])),
      generations: { user: 1, operator: 1 },
      adopt: false,
      reload: 1,
      bytes: 10,
      policy: { whenDeleted: "Delete", whenScaled: "Delete" },
    };
    this.claims.set("backup", this.newClaim("backup", undefined));
  }

  /** A whole number of seconds. */
  between(least: number, most: number): number {
    return least + Math.floor(this.random() * (most - least + 1));
  }

  touch(object: { version: number }): void {
    object.version++;
    this.changes++;
  }

  nextUid(): number {
    return ++this.#uid;
  }

  newClaim(name: string, slot: Slot | undefined): WorldClaim {
    return {
      name,
      slot,
      uid: this.nextUid(),
      version: 1,
      bytes: this.wanted.bytes,
      orphan: false,
      owned: false,
      lost: false,
      deleted: false,
      hasData: false,
    };
  }

  newPod(slot: Slot): WorldPod {
    return {
      ...slot,
      name: podName(slot),
      uid: this.nextUid(),
      version: 1,
      createdAt: this.now,
      made: this.wanted.generations,
      reloaded: this.wanted.reload,
      phase: "pending",
      phaseAt: this.now,
      deletedAt: undefined,
      drain: undefined,
      drained: false,
      quarantined: false,
      process: undefined,
      fileSystemPendingAt: undefined,
    };
  }

  claimOf(slot: Slot): WorldClaim | undefined {
    return this.claims.get(`data-${podName(slot)}`);
  }

  enter(pod: WorldPod, phase: WorldPod["phase"]): void {
    if (pod.phase === phase) return;
    pod.phase = phase;
    pod.phaseAt = this.now;
    this.touch(pod);
  }

  isLost({ name }: WorldPod): boolean {
    return this.faults.lostNodes.has(name);
  }

  /** A slot that an accident has struck is not down by our hand. */
  accident(slot: Slot): void {
    this.downByUs.delete(slotKey(slot));
  }
}

/** A drain as the model has it. */
export function drainAt(drain: WorldPod["drain"], now: number): { drain?: Drain } {
  return drain === undefined ? {} : { drain: { state: drain.state, sinceSeconds: now - drain.at } };
}
