/**
 * Events for `kubectl describe`: told on transitions, sent one after the other beside the work, and never twice in a
 * short time. They are a courtesy: when they cannot be sent, the work goes on.
 */
import type { Logger } from "../telemetry/log.ts";
import { carried } from "../telemetry/tracing.ts";
import type { KubeClient } from "./client.ts";
import { type Clock, sleep } from "./clock.ts";
import { timestamp } from "./conditions.ts";
import { isFenced, isNamespaceTerminating, isNotFound } from "./errors.ts";
import { Events } from "./kinds.ts";
import type { Random } from "./random.ts";
import { keyOf } from "./store.ts";
import type { Frozen, KubeObject } from "./types.ts";

export interface Notice {
  readonly type: "Normal" | "Warning";
  /** One word in CamelCase. */
  readonly reason: string;
  readonly message: string;
}

export interface RecorderOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Who tells it, for example `toposerver-controller`. */
  readonly component: string;
}

/** The API server refuses longer messages. */
const LONGEST_MESSAGE = 1024;
/** The same notice within this time only raises the count of the event that was sent. */
const REPEAT_MS = 10 * 60_000;
/** Notices that are remembered for repeats, and notices that wait to be sent: 300 clusters that come up at once tell fewer. */
const REMEMBERED = 1_000;
const WAITING = 1_000;

/** Whom an event is about. Not the object itself, which may be replaced long before the event is sent. */
interface Involved {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
}

interface Told {
  readonly about: Involved;
  readonly notice: Notice;
  /** When it was told: it may be sent later. */
  readonly at: string;
}

interface Sent {
  readonly name: string;
  readonly namespace: string;
  count: number;
  at: number;
}

export class EventRecorder {
  readonly #options: RecorderOptions;
  readonly #sent = new Map<string, Sent>();
  readonly #waiting: { told: Told; send: () => Promise<void> }[] = [];
  #sending: Promise<void> | undefined;
  #lost = 0;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** Tells something about an object. Returns at once. */
  record(object: Frozen<KubeObject>, notice: Notice): void {
    if (this.#waiting.length >= WAITING) {
      this.#lost++;
      return;
    }
    const told = { about: involved(object), notice, at: timestamp(this.#options.clock.now()) };
    this.#waiting.push({ told, send: carried(() => this.#sendOne(told)) });
    this.#sending ??= this.#send().finally(() => this.#sending = undefined);
  }

  /** Waits until everything told so far is sent, at most `limitMs`. */
  async flush(limitMs: number): Promise<void> {
    const stop = new AbortController();
    await Promise.race([this.#sending, sleep(this.#options.clock, limitMs, stop.signal)]);
    stop.abort();
  }

  async #send(): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      try {
        await next.send();
      } catch (error) {
        if (isFenced(error) || isNamespaceTerminating(error)) continue;
        const { about, notice: { reason, message } } = next.told;
        this.#options.log.warn("Cannot send an event", {
          object: keyOf(about),
          reason,
          message,
          error,
        });
      }
    }
    if (this.#lost > 0) {
      this.#options.log.warn("Events were left out as too many waited", { lost: this.#lost });
    }
    this.#lost = 0;
  }

  async #sendOne(told: Told): Promise<void> {
    const { about, notice } = told;
    const id = [about.uid, notice.type, notice.reason, notice.message].join("\n");
    const known = this.#sent.get(id);
    const now = this.#options.clock.monotonic();
    if (known !== undefined && now - known.at < REPEAT_MS && await this.#repeat(known, told.at)) return;
    const created = await this.#create(told);
    this.#sent.delete(id);
    this.#sent.set(id, { ...created, count: 1, at: now });
    for (const oldest of this.#sent.keys()) {
      if (this.#sent.size <= REMEMBERED) break;
      this.#sent.delete(oldest);
    }
  }

  /** @returns false when the event is gone (the server keeps events for an hour) and must be sent anew. */
  async #repeat(known: Sent, at: string): Promise<boolean> {
    try {
      known.count++;
      const patch = { count: known.count, lastTimestamp: at };
      await this.#options.client.patch(Events, known, patch);
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  async #create({ about, notice, at }: Told): Promise<{ name: string; namespace: string }> {
    const { client, random, component } = this.#options;
    const namespace = about.namespace ?? "default";
    const suffix = Math.floor(random() * 2 ** 48).toString(16).padStart(12, "0");
    const name = `${about.name.slice(0, 240)}.${suffix}`;
    await client.create(Events, {
      metadata: { name, namespace },
      involvedObject: about,
      type: notice.type,
      reason: notice.reason,
      message: notice.message.slice(0, LONGEST_MESSAGE),
      source: { component },
      reportingComponent: component,
      firstTimestamp: at,
      lastTimestamp: at,
      count: 1,
    });
    return { name, namespace };
  }
}

function involved({ apiVersion, kind, metadata }: Frozen<KubeObject>): Involved {
  const { name, namespace, uid, resourceVersion } = metadata;
  return {
    apiVersion,
    kind,
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
}
