/**
 * A shard as far as the life of its pods and claims goes: what is wanted, what is there, and what is known of the
 * instances in them. Nothing here is of Kubernetes: the controller fills the model from its stores and from the
 * poolers' answers, and carries out what is decided. All times are ages in whole seconds, so that no decision reads a
 * clock; what must be remembered between two looks stands in annotations and labels, hence in this model.
 */
import type { Term } from "../../../topology/records/term.ts";

/** A place of one instance: a pod and its claim are named after it. */
export interface Slot {
  readonly pool: string;
  readonly cell: string;
  /** From 0. A pod whose name ends in no number counts as the last of all: `Infinity`. */
  readonly index: number;
}

/** Where a pod is in its life, by Kubernetes. A pod that does not exist is not in the model. */
export type PodState =
  /** No node yet; `unschedulable` when the scheduler has said that none fits. */
  | { readonly kind: "pending"; readonly unschedulable: boolean; readonly seconds: number }
  /** On a node, and not Ready since it began. */
  | { readonly kind: "starting"; readonly seconds: number }
  | { readonly kind: "ready" }
  /** Was Ready, is not any more. */
  | { readonly kind: "notReady"; readonly seconds: number }
  /**
   * A container ends again and again. `vital` tells that it is the one of PostgreSQL or of the pooler: when another
   * one loops (the exporter), the instance may well be at work.
   */
  | { readonly kind: "crashLooping"; readonly vital: boolean; readonly why: string; readonly seconds: number }
  /** Ended for good: evicted, or its node gave it up. */
  | { readonly kind: "failed"; readonly why: string }
  | { readonly kind: "succeeded" }
  /** Being deleted, since that many seconds; it may take `graceSeconds`. */
  | { readonly kind: "terminating"; readonly sinceSeconds: number; readonly graceSeconds: number };

/** How far a pod differs from what is wanted, see `driftOf`; `config-reload` is cured without a restart. */
export type Drift = "none" | "user" | "operator" | "config-reload";

/** States of a drain, in order. They stand in an annotation and only go forward, or away. */
export type DrainState = "requested" | "draining" | "acknowledged" | "readyForDeletion";

export interface Drain {
  readonly state: DrainState;
  /** In this state. */
  readonly sinceSeconds: number;
}

/** What is known of the instance in a pod. */
export type Evidence =
  /** The topology can be read, and has no record of it: it never registered. */
  | { readonly kind: "none" }
  /** It did not answer, or the topology cannot be read. `claim`: its last record says that it is primary. */
  | { readonly kind: "stale"; readonly claim?: Term }
  | FreshEvidence;

/** Its own answer, from the process that runs now, given after the last action of ours. */
export interface FreshEvidence {
  readonly kind: "fresh";
  /** `primary` only when it accepts writes. */
  readonly role: "primary" | "standby" | "unknown";
  /** Of its leadership; needed of a primary. */
  readonly term?: Term;
  /** Whether it receives from the primary now. */
  readonly streaming: boolean;
  /** Whether the rule in force counts it. */
  readonly inCohort: boolean;
  /** Whether its lifecycle is ACTIVE: neither starting, stopping nor quarantined. */
  readonly active: boolean;
  /** Whether it has asked to be relieved as primary. */
  readonly resigning: boolean;
  /** Bytes that it is behind the primary, where known. */
  readonly lagBytes?: number;
}

export interface LifePod extends Slot {
  readonly name: string;
  readonly state: PodState;
  /** Since it was created. */
  readonly ageSeconds: number;
  readonly drift: Drift;
  readonly drain?: Drain;
  readonly evidence: Evidence;
  /** The node it is on, when that does not report any more. */
  readonly lostNode?: string;
  /** Since its claim's file system waits to be grown at the pod's next start. */
  readonly fileSystemPendingSeconds?: number;
  /** Taken out of service on purpose: by the label of the role DRAINED, or by a pooler that gave up on its data. */
  readonly aside?: "drained" | "quarantined";
}

/** What becomes of claims, with every default filled in. */
export interface ClaimPolicy {
  readonly whenDeleted: "Retain" | "Delete";
  readonly whenScaled: "Retain" | "Delete";
}

export interface LifeClaim {
  readonly name: string;
  /** The slot whose data it holds; undefined for the shard's claim for backups. */
  readonly slot?: Slot;
  readonly requestedBytes: number;
  /** Undefined where no size is wanted of it any more. */
  readonly wantedBytes?: number;
  /** Whether its class lets it grow. */
  readonly growable: boolean;
  /** Whether it carries the mark by which collectors find it. */
  readonly orphan: boolean;
  /** Whether the shard is its owner, so that the garbage collector deletes it with the shard. */
  readonly owned: boolean;
  /** Whether its volume is gone. */
  readonly lost: boolean;
  readonly terminating: boolean;
}

/** A pool in one cell. */
export interface LifePool {
  readonly pool: string;
  readonly cell: string;
  readonly replicas: number;
  readonly policy: ClaimPolicy;
}

/** A record in the topology that is not marked as stopped, and whose pod does not exist. */
export interface StrayPooler {
  readonly id: string;
  /** The slot that it belonged to; undefined when no pool of the shard has such a pod. */
  readonly slot?: Slot;
}

export type Topology =
  /** It can be read, and no pooler of the shard ever registered: instances without a data plane. */
  | { readonly kind: "empty" }
  | { readonly kind: "known" }
  | { readonly kind: "unreachable"; readonly why: string };

/** How much of a shard must work for its primary to accept writes. */
export interface Durability {
  /** Name of the policy, for messages. */
  readonly policy: string;
  /** Instances that hold each transaction, the primary among them. */
  readonly instances: number;
  /** Cells that these must be in. */
  readonly cells: number;
}

export type Orchestrators =
  | { readonly kind: "present" }
  | { readonly kind: "ending"; readonly sinceSeconds: number }
  | { readonly kind: "gone" };

/** `prepare`: the parent asked for it, and waits until nothing is lost. `delete`: the object is being deleted. */
export interface Removal {
  readonly kind: "prepare" | "delete";
  readonly sinceSeconds: number;
}

export interface LifeShard {
  readonly durability: Durability;
  readonly pools: readonly LifePool[];
  readonly pods: readonly LifePod[];
  readonly claims: readonly LifeClaim[];
  readonly strays: readonly StrayPooler[];
  readonly topology: Topology;
  /** Since the shard was last seen with a primary that accepts writes, or since it was made; 0 while it has one. */
  readonly withoutPrimarySeconds: number;
  /** Whether the newest complete backup is recent. */
  readonly backupHealthy: boolean;
  /** Whether pods may be replaced for nothing but a newer template of the operator. */
  readonly adoptOperatorChanges: boolean;
  /** For claims of no pool: the one for backups, and those of pools that are not wanted any more. */
  readonly policy: ClaimPolicy;
  readonly orchestrators: Orchestrators;
  readonly removal?: Removal;
}

/** As the topology names them: AT_LEAST_2 needs two instances, MULTI_CELL_AT_LEAST_2 needs them in two cells. */
export function durabilityOf(policy: string | undefined): Durability {
  const cells = policy?.startsWith("MULTI_CELL") === true ? 2 : 1;
  return { policy: policy ?? "AT_LEAST_2", instances: 2, cells };
}
