/**
 * The seam between the operator and the topology: everything that leaves the process towards etcd goes through a
 * {@link TopologyStore}. Tests wrap one to count, delay, or fail.
 */

/** One key and what it holds. */
export interface Entry {
  readonly key: string;
  readonly value: Uint8Array;
  /** Revision of the store at which this key was last written: what a later write is compared with. */
  readonly revision: bigint;
}

export interface Listing {
  /** In the order of their keys. */
  readonly entries: readonly Entry[];
  /** Revision of the store that all entries are of. */
  readonly revision: bigint;
}

/** A write that is carried out only if the key still is what was seen. */
export type Write =
  /** The key must not exist. */
  | { readonly kind: "create"; readonly key: string; readonly value: Uint8Array }
  | { readonly kind: "update"; readonly key: string; readonly value: Uint8Array; readonly revision: bigint }
  | {
    readonly kind: "delete";
    readonly key: string;
    readonly revision: bigint;
    /** No key below `prefix` may have been written after `revision`: what was decided by looking at them. */
    readonly unchanged?: { readonly prefix: string; readonly revision: bigint };
  };

export type WriteResult =
  | { readonly kind: "written"; readonly revision: bigint }
  /** Nothing was written. `current` is the key as it is now, undefined when it does not exist. */
  | { readonly kind: "conflict"; readonly current: Entry | undefined };

export interface CallOptions {
  /** Time until the answer must be there, in milliseconds; the store's own limit when absent. */
  readonly timeoutMs?: number;
  /** Cuts the call short. */
  readonly signal?: AbortSignal;
}

export interface TopologyStore {
  /** @throws TopologyError */
  get(key: string, options?: CallOptions): Promise<Entry | undefined>;
  /** All keys that begin with `prefix`, as of one moment. @throws TopologyError */
  list(prefix: string, options?: CallOptions): Promise<Listing>;
  /** @throws TopologyError; {@link TopologyError.failure} says whether the write may have been carried out. */
  write(write: Write, options?: CallOptions): Promise<WriteResult>;
  /** Frees connections. Calls under way end as `aborted`. May be called more than once. */
  close(): void;
}
