/** Holds everything together: one cache, the lease, and the controllers that run while it is held. */
import type { Logger } from "../telemetry/log.ts";
import type { RuntimeMetrics } from "../telemetry/metrics.ts";
import { Cache, type Standing, type Watched } from "./cache.ts";
import { KubeClient } from "./client.ts";
import { type Clock, sleep } from "./clock.ts";
import type { Controller } from "./controller.ts";
import { fenced, openFence } from "./fence.ts";
import { LeaseElector, type Term } from "./lease.ts";
import { limited } from "./limited_transport.ts";
import type { Random } from "./random.ts";
import { ControllerRunner, type RunnerOptions } from "./runner.ts";
import type { Transport } from "./transport.ts";
import type { KubeObject } from "./types.ts";

export interface LeaderElection {
  readonly name: string;
  readonly namespace: string;
  readonly identity: string;
}

export interface ManagerOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: RuntimeMetrics;
  /** Owner of applied fields. */
  readonly fieldManager: string;
  /** Only these namespaces; all when absent. */
  readonly namespaces?: readonly string[];
  /** Absent: this process works at once and never checks for others. */
  readonly leaderElection?: LeaderElection;
  /** How long work under way may take to finish when stopping, in milliseconds (default 8 000). */
  readonly drainMs?: number;
}

/** Whether the process can do its work, and what it still waits for. */
export interface Readiness {
  readonly ready: boolean;
  readonly waitingFor: readonly string[];
}

/** Below the 10 s that a pod is given to stop. */
const DRAIN_MS = 8_000;
/** Events of the last reconciles are sent within this time, or not at all. */
const FLUSH_MS = 1_000;
/**
 * Requests of all controllers that are under way at a time. Clusters that come up are not ready sooner with more (decision 34),
 * and those of others wait longer.
 */
const MOST_REQUESTS = 5;
/** Of these, such as are a courtesy. */
const MOST_COURTESIES = 1;
/** A renewal that takes longer than this is given up, so that another one fits before the deadline. */
const LEASE_TIMEOUT_MS = 3_000;

type Start = (options: RunnerOptions) => ControllerRunner<KubeObject>;

export class Manager {
  readonly #options: ManagerOptions;
  readonly #cache: Cache;
  readonly #starts: Start[] = [];
  #runners: ControllerRunner<KubeObject>[] = [];
  #leading = false;

  constructor(options: ManagerOptions) {
    this.#options = options;
    const { clock, random, log, metrics, namespaces } = options;
    this.#cache = new Cache({
      client: this.#client(options.transport),
      clock,
      random,
      log,
      metrics,
      ...(namespaces === undefined ? {} : { namespaces }),
    });
  }

  get cache(): Cache {
    return this.#cache;
  }

  /** Whether the controllers are running. */
  get leading(): boolean {
    return this.#leading;
  }

  /** What the queues remember, one entry a controller. */
  get footprints(): ControllerRunner<KubeObject>["footprint"][] {
    return this.#runners.map((runner) => runner.footprint);
  }

  /** Adds a controller; its kinds are watched from the start of {@link run} on. */
  add<T extends KubeObject>(controller: Controller<T>): void {
    const sources = (controller.sources ?? []).map((source) => source.watched);
    for (const watched of [controller.watched, ...controller.owns, ...sources]) this.#cache.watch(watched);
    // A runner's own object type matters only inside it.
    this.#starts.push((options) =>
      new ControllerRunner(controller, options) as unknown as ControllerRunner<KubeObject>
    );
  }

  /** Watches a kind that controllers read but that leads to no reconcile. */
  watch<T extends KubeObject>(watched: Watched<T>): void {
    this.#cache.watch(watched);
  }

  /** Ready when every watched kind is in step with the server; a replica that stands by is ready as well. */
  readiness(): Readiness {
    const waitingFor = this.#cache.standings().flatMap((standing) =>
      standing.optional ? [] : explain(standing)
    );
    return { ready: waitingFor.length === 0, waitingFor };
  }

  /** Works until `signal` aborts, then stops in order: controllers, events, lease, watches. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    const watching = this.#cache.run(stop.signal);
    try {
      const { leaderElection } = this.#options;
      if (leaderElection === undefined) await this.#work(signal, undefined);
      else await this.#lead(leaderElection, signal);
    } finally {
      stop.abort();
      await watching;
    }
  }

  /** Terms follow each other: a replica that lost the lease stands by and may win it again. */
  async #lead(election: LeaderElection, signal: AbortSignal): Promise<void> {
    const { clock, random, log, metrics, transport } = this.#options;
    const client = this.#client(transport, { timeoutMs: LEASE_TIMEOUT_MS });
    const elector = new LeaseElector({ client, clock, random, log, metrics, ...election });
    while (!signal.aborted) {
      const term = await elector.acquire(signal);
      if (term === undefined) return;
      try {
        await this.#work(signal, term);
      } finally {
        await term.release();
      }
    }
  }

  async #work(signal: AbortSignal, term: Term | undefined): Promise<void> {
    const { clock, random, log, metrics, transport } = this.#options;
    const cut = new AbortController();
    const over = AbortSignal.any(term === undefined ? [signal] : [signal, term.lost]);
    const fence = term?.fence ?? openFence;
    const { first, last } = limited(fenced(transport, fence), MOST_REQUESTS);
    const courtesy = limited(last, MOST_COURTESIES).first;
    const shared = {
      client: this.#client(first, { signal: cut.signal }),
      courtesy: this.#client(courtesy, { signal: cut.signal }),
      fence,
      cache: this.#cache,
      clock,
      random,
      log,
      metrics,
    };
    this.#runners = this.#starts.map((start) => start(shared));
    this.#leading = true;
    const drainMs = term?.lost.aborted ? 0 : this.#options.drainMs ?? DRAIN_MS;
    const onOver = () =>
      void sleep(clock, term?.lost.aborted ? 0 : drainMs, cut.signal).then(() => cut.abort());
    over.addEventListener("abort", onOver, { once: true });
    await Promise.all(this.#runners.map((runner) => runner.run(over, cut.signal)));
    this.#leading = false;
    if (!term?.lost.aborted) await Promise.all(this.#runners.map((runner) => runner.flush(FLUSH_MS)));
    cut.abort();
    this.#runners = [];
  }

  #client(transport: Transport, more: { timeoutMs?: number; signal?: AbortSignal } = {}): KubeClient {
    const { clock, metrics, fieldManager } = this.#options;
    return new KubeClient({ transport, clock, metrics, fieldManager, ...more });
  }
}

function explain({ resource, namespace, state }: Standing): string[] {
  const where = namespace === undefined ? resource : `${resource} in namespace ${namespace}`;
  switch (state.kind) {
    case "synced":
      return [];
    case "starting":
      return [`the first list of ${where}`];
    case "missing":
    case "forbidden":
    case "unreachable":
      return [state.message];
  }
}
