/**
 * Leader election by a Lease: of several replicas one works, the others stand by and take over.
 *
 * The holder renews every 5 s and stops writing 10 s after its last successful renewal began; the others wait until
 * the lease has not changed for 15 s as they see it. Only durations on each one's own monotonic clock count, so clocks
 * that differ or jump do no harm. The 5 s in between are for writes that are still on their way.
 */
import type { Logger } from "../telemetry/log.ts";
import type { RuntimeMetrics } from "../telemetry/metrics.ts";
import type { KubeClient } from "./client.ts";
import { type Clock, sleep } from "./clock.ts";
import { isAlreadyExists, isConflict } from "./errors.ts";
import { LeaseFence } from "./fence.ts";
import { type Lease, Leases } from "./kinds.ts";
import type { Random } from "./random.ts";
import { Reflector } from "./reflector.ts";
import { keyOf, Store } from "./store.ts";
import type { Frozen } from "./types.ts";

export interface LeaseOptions {
  /** Must reach the server whatever the fence says. */
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: RuntimeMetrics;
  readonly name: string;
  readonly namespace: string;
  /** Who we are; must differ between any two processes, also between two lives of one pod. */
  readonly identity: string;
  readonly durationSeconds?: number;
  readonly renewSeconds?: number;
}

/** One stretch of leadership. */
export interface Term {
  readonly fence: LeaseFence;
  /** Aborts when the lease is lost; the reason says why. */
  readonly lost: AbortSignal;
  /** Gives the lease up, so that another replica need not wait. */
  release(): Promise<void>;
}

const DURATION_SECONDS = 15;
const RENEW_SECONDS = 5;
/** Nothing is looked at more often than this while standing by. */
const LOOK_MS = 1_000;
/** After a failed renewal the next try follows after this share of the usual pause: 1 s of 5 s. */
const RETRY_SHARE = 1 / 5;

export class LeaseElector {
  readonly #options: Required<LeaseOptions>;

  constructor(options: LeaseOptions) {
    this.#options = { durationSeconds: DURATION_SECONDS, renewSeconds: RENEW_SECONDS, ...options };
  }

  /** Waits until the lease is ours. @returns undefined when `signal` aborted first. */
  async acquire(signal: AbortSignal): Promise<Term | undefined> {
    const candidate = new Candidate(this.#options);
    const started = await candidate.win(signal);
    if (started === undefined) return undefined;
    this.#options.log.info("Became leader", { identity: this.#options.identity });
    return new LeaseTerm(this.#options, started.lease, started.at);
  }
}

/** Watches somebody else's lease until it is free. */
class Candidate {
  readonly #options: Required<LeaseOptions>;
  readonly #store: Store<Lease>;
  /** When the lease last changed, by our clock. */
  #changedAt: number;
  #told: string | undefined;

  constructor(options: Required<LeaseOptions>) {
    this.#options = options;
    this.#store = new Store<Lease>({ fieldManager: options.client.fieldManager });
    this.#changedAt = options.clock.monotonic();
  }

  async win(signal: AbortSignal): Promise<{ lease: Lease; at: number } | undefined> {
    const { client, clock, random, log, metrics, name, namespace } = this.#options;
    const stop = new AbortController();
    const onAbort = () => stop.abort();
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) stop.abort();
    let wake = () => {};
    const unsubscribe = this.#store.subscribe(() => {
      this.#changedAt = clock.monotonic();
      wake();
    });
    const selection = { namespace, fields: `metadata.name=${name}` };
    const reflector = new Reflector({
      client,
      resource: Leases,
      selection,
      store: this.#store,
      clock,
      random,
      log,
      metrics,
      onState: () => wake(),
    });
    const watching = reflector.run(stop.signal);
    try {
      while (!stop.signal.aborted) {
        const won = reflector.state.kind === "synced" ? await this.#try() : undefined;
        if (won !== undefined) return won;
        const turn = new AbortController();
        wake = () => turn.abort();
        stop.signal.addEventListener("abort", wake, { once: true });
        await sleep(clock, this.#untilFree(), turn.signal);
        stop.signal.removeEventListener("abort", wake);
      }
      return undefined;
    } finally {
      signal.removeEventListener("abort", onAbort);
      unsubscribe();
      stop.abort();
      await watching;
    }
  }

  #current(): Frozen<Lease> | undefined {
    return this.#store.get(keyOf(this.#options));
  }

  /** Milliseconds until the lease, left as it is, counts as abandoned; at least 1 s, so that nothing spins. */
  #untilFree(): number {
    const spec = this.#current()?.spec;
    const seconds = spec?.leaseDurationSeconds ?? this.#options.durationSeconds;
    const free = this.#changedAt + seconds * 1000 - this.#options.clock.monotonic();
    return Math.max(free, LOOK_MS);
  }

  async #try(): Promise<{ lease: Lease; at: number } | undefined> {
    const { clock, client } = this.#options;
    const current = this.#current();
    const holder = current?.spec?.holderIdentity ?? "";
    const seconds = current?.spec?.leaseDurationSeconds ?? this.#options.durationSeconds;
    const abandoned = clock.monotonic() - this.#changedAt >= seconds * 1000;
    if (holder !== "" && !abandoned) {
      if (this.#told !== holder) this.#options.log.info("Standing by, another replica leads", { holder });
      this.#told = holder;
      return undefined;
    }
    const at = clock.monotonic();
    const lease = record(this.#options, current, true);
    try {
      const taken = current === undefined
        ? await client.create(Leases, lease)
        : await client.replace(Leases, lease);
      return { lease: taken, at };
    } catch (error) {
      // Someone was quicker: the watch will show who.
      if (!isConflict(error) && !isAlreadyExists(error)) {
        this.#options.log.warn("Cannot take the lease", { lease: keyOf(this.#options), error });
      }
      return undefined;
    }
  }
}

class LeaseTerm implements Term {
  readonly fence: LeaseFence;
  readonly #options: Required<LeaseOptions>;
  readonly #lost = new AbortController();
  readonly #stop = new AbortController();
  readonly #renewing: Promise<void>;
  #lease: Lease;
  #renewedAt: number;

  constructor(options: Required<LeaseOptions>, lease: Lease, at: number) {
    this.#options = options;
    this.#lease = lease;
    this.#renewedAt = at;
    this.fence = new LeaseFence(options.clock);
    this.#extend();
    options.metrics.leader(true);
    this.#renewing = this.#renewLoop();
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  async release(): Promise<void> {
    this.#stop.abort();
    await this.#renewing;
    this.#end("the lease was released");
    if (this.#lost.signal.reason !== RELEASED) return;
    try {
      const { client } = this.#options;
      const free = { ...record(this.#options, this.#lease, false) };
      await client.replace(Leases, free);
      this.#options.log.info("Released the lease");
    } catch (error) {
      this.#options.log.warn("Cannot release the lease; it runs out by itself", { error });
    }
  }

  get #deadline(): number {
    return this.#renewedAt + (this.#options.durationSeconds * 1000 * 2) / 3;
  }

  #extend(): void {
    this.fence.extend(this.#deadline);
  }

  async #renewLoop(): Promise<void> {
    const { clock, renewSeconds } = this.#options;
    let pause = renewSeconds * 1000;
    while (await sleep(clock, Math.min(pause, this.#deadline - clock.monotonic()), this.#stop.signal)) {
      if (clock.monotonic() >= this.#deadline) return this.#end("the lease was not renewed in time");
      const renewed = await this.#renew();
      if (renewed === "taken") return this.#end("another replica holds the lease");
      pause = renewSeconds * 1000 * (renewed === "renewed" ? 1 : RETRY_SHARE);
    }
  }

  async #renew(): Promise<"renewed" | "failed" | "taken"> {
    const { client, clock, log } = this.#options;
    const started = clock.monotonic();
    try {
      this.#lease = await client.replace(Leases, record(this.#options, this.#lease, true));
    } catch (error) {
      log.warn("Cannot renew the lease", { error });
      return isConflict(error) ? await this.#look() : "failed";
    }
    this.#renewedAt = started;
    this.#extend();
    return "renewed";
  }

  /** Our version was old: either someone took the lease, or an earlier renewal arrived though its answer did not. */
  async #look(): Promise<"failed" | "taken"> {
    try {
      const current = await this.#options.client.find(Leases, this.#options);
      if (current?.spec?.holderIdentity !== this.#options.identity) return "taken";
      this.#lease = current;
    } catch (error) {
      this.#options.log.warn("Cannot read the lease", { error });
    }
    return "failed";
  }

  #end(why: string): void {
    if (this.#lost.signal.aborted) return;
    this.fence.close(why);
    this.#options.metrics.leader(false);
    const released = this.#stop.signal.aborted;
    if (!released) this.#options.log.error("Lost the lease", { why });
    this.#lost.abort(released ? RELEASED : new Error(why));
  }
}

const RELEASED = "released";

/** The Lease as it should stand: held by us and renewed now, or free. */
function record(options: Required<LeaseOptions>, current: Frozen<Lease> | undefined, held: boolean): Lease {
  const { name, namespace, identity, durationSeconds, clock } = options;
  const now = `${clock.now().toISOString().slice(0, -1)}000Z`;
  const before = current?.spec;
  const mine = before?.holderIdentity === identity;
  const metadata = current === undefined ? { name, namespace } : { name, namespace, ...version(current) };
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata,
    spec: {
      holderIdentity: held ? identity : "",
      leaseDurationSeconds: held ? durationSeconds : 1,
      renewTime: now,
      acquireTime: mine && before?.acquireTime !== undefined ? before.acquireTime : now,
      leaseTransitions: (before?.leaseTransitions ?? 0) + (mine || current === undefined ? 0 : 1),
    },
  };
}

function version(lease: Frozen<Lease>): { resourceVersion?: string; uid?: string } {
  const { resourceVersion, uid } = lease.metadata;
  return {
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(uid === undefined ? {} : { uid }),
  };
}
