/**
 * Keeps the webhook's certificate, in every replica: watches what it is made of, has a worker put right what is not in order,
 * and hands the certificate that is to be shown to the webhook.
 */
import { KubeClient } from "../../kube/client.ts";
import { type Clock, sleep } from "../../kube/clock.ts";
import type { Connection } from "../../kube/connection.ts";
import type { Random } from "../../kube/random.ts";
import type { Transport } from "../../kube/transport.ts";
import type { Logger } from "../../telemetry/log.ts";
import { present } from "../../resolve/present.ts";
import type { RuntimeMetrics } from "../../telemetry/metrics.ts";
import { operatorName } from "../../api/multigres/labels.ts";
import type { KeyPair } from "../server.ts";
import { followFiles, type FoundFiles } from "./files.ts";
import { type Finished, runJob } from "./job.ts";
import type { Maintained } from "./maintain.ts";
import type { Task } from "./messages.ts";
import { type Effort, GATHER_MS, Pace } from "./pace.ts";
import { type Place, servingNames } from "./place.ts";
import { type Provider, providerOf } from "./provider.ts";
import { Reach } from "./reach.ts";
import { isTrusted, ServingChoice } from "./serving.ts";
import { probedHook } from "../probe.ts";
import { PkiWatch } from "./watch.ts";

/** Who shows the certificate. */
export interface Shop {
  /** @throws KeyPairError when the pair cannot be used. */
  setCertificate(pair: KeyPair): void;
  /** Why nothing is served, or undefined when it is. */
  health(): string | undefined;
}

export interface PkiOptions {
  readonly connection: Connection;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: RuntimeMetrics;
  readonly place: Place;
  readonly shop: Shop;
  /** Folder in which others may provide a certificate. */
  readonly folder: string;
  /** Namespace where the API server is asked whether it reaches the webhook: one that the operator looks after. */
  readonly probeNamespace: string;
  /** See `serving.ts`, `files.ts`; for tests. */
  readonly spreadMs?: number;
  readonly pollMs?: number;
  /** The worker's module, where it is not the usual one. */
  readonly entry?: URL;
}

/** A job that was done. */
interface Work {
  readonly task: Task;
  readonly result: Maintained;
  /** What is not in order all the same, in a sentence. */
  readonly objection: string | undefined;
  /** When, by the clock that only grows. */
  readonly at: number;
}

export class WebhookPki {
  readonly #options: PkiOptions;
  readonly #log: Logger;
  readonly #watch: PkiWatch;
  readonly #choice: ServingChoice;
  readonly #reach: Reach;
  #files: FoundFiles | undefined;
  #last: Work | undefined;
  #failure: string | undefined;
  #shown: KeyPair | undefined;
  #wake: () => void = () => {};
  #timer: { cancel(): void } | undefined;

  constructor(options: PkiOptions) {
    const { transport, clock, random, metrics, place, spreadMs } = options;
    this.#options = options;
    this.#log = options.log.with({ component: "webhook-certificates" });
    const client = new KubeClient({ transport, clock, metrics, fieldManager: operatorName });
    const shared = { client, clock, random, log: this.#log, metrics, place };
    this.#watch = new PkiWatch({ ...shared, onChange: () => this.#changed() });
    this.#choice = new ServingChoice(spreadMs);
    this.#reach = new Reach({
      ...shared,
      transport,
      namespace: options.probeNamespace,
      obstacle: () => this.#obstacle() ?? (this.#isInstalled() ? undefined : "nobody is told to call"),
      isHooked: () => this.#trust().some(({ hook }) => hook === probedHook),
    });
  }

  /** Works until `signal` aborts. Never rejects: what fails is told, and tried again. */
  async run(signal: AbortSignal): Promise<void> {
    const { folder, clock, pollMs } = this.#options;
    const onChange = (found: FoundFiles) => {
      this.#files = found;
      if (found.objection !== undefined) {
        this.#log.warn("Cannot use the certificate in the folder, and go on with the one before", {
          folder,
          reason: found.objection,
        });
      }
      this.#changed();
    };
    const files = { folder, clock, onChange, ...present({ pollMs }) };
    await Promise.all([
      this.#watch.run(signal),
      followFiles(files, signal),
      this.#keep(signal),
      this.#reach.run(signal),
    ]);
    this.#timer?.cancel();
  }

  /** Why API servers do not reach the webhook, or undefined when they do or none is told to. */
  health(): string | undefined {
    const obstacle = this.#obstacle();
    if (obstacle !== undefined) return obstacle;
    return this.#isInstalled() ? this.#reach.health() : this.#watch.blindness();
  }

  /** Whether API servers are told to call the webhook. */
  #isInstalled(): boolean {
    return this.#watch.configurations().length > 0;
  }

  #provider(): Provider {
    return providerOf({
      files: this.#files?.pair,
      secrets: this.#watch.secrets(),
      configurations: this.#watch.configurations(),
    });
  }

  #trust() {
    return this.#watch.configurations().flatMap(({ trust }) => trust);
  }

  /** What keeps the webhook from being reached that can be told without asking. */
  #obstacle(): string | undefined {
    const { shop, clock, place } = this.#options;
    if (this.#shown === undefined) {
      return this.#failure ?? this.#last?.objection ?? shop.health();
    }
    const unserved = shop.health();
    if (unserved !== undefined || this.#provider() === "others") return unserved;
    const asked = this.#watch.configurations().find(({ askedOfCertManager }) => askedOfCertManager);
    const trust = this.#trust();
    if (isTrusted(this.#shown, trust, clock.now())) return undefined;
    if (asked !== undefined) {
      return `cert-manager is told to fill in caBundle of ${asked.kind} ${asked.name}, but its certificate is ` +
        `not in ${this.#options.folder}: mount it there, or take the annotation cert-manager.io/inject-ca-from away`;
    }
    return this.#failure ??
      `caBundle of the webhook configurations does not vouch for ${servingNames(place)[0]} yet`;
  }

  #changed(): void {
    this.#show();
    this.#wake();
  }

  /** Hands the certificate of the moment to the webhook. */
  #show(): void {
    const { clock, shop } = this.#options;
    const isOwn = this.#provider() === "operator";
    if (!this.#isKnown() || (isOwn && this.#last === undefined)) return;
    const candidate = isOwn ? this.#watch.pair() : this.#files?.pair;
    const moment = { now: clock.now(), monotonic: clock.monotonic() };
    const trust = isOwn ? this.#trust() : [];
    const { pair, againMs } = this.#choice.choose(candidate, trust, moment);
    this.#timer?.cancel();
    this.#timer = againMs === undefined ? undefined : clock.after(againMs, () => this.#show());
    if (pair === undefined || pair.certificate === this.#shown?.certificate) return;
    this.#shown = pair;
    shop.setCertificate(pair);
    this.#log.info("Shows a certificate to API servers", { provider: isOwn ? "operator" : "others" });
  }

  /** Has things put in order whenever they changed, and from time to time. */
  async #keep(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    const pace = new Pace(clock, random);
    while (!signal.aborted) {
      if (!this.#isDue()) {
        await this.#nextWake(signal);
        continue;
      }
      const effort = await this.#work(signal);
      this.#show();
      await sleep(clock, pace.after(effort), signal);
    }
  }

  #isDue(): boolean {
    if (!this.#isKnown()) return false;
    if (this.#last === undefined || this.#last.task !== this.#task()) return true;
    const { result, at } = this.#last;
    if (this.#options.clock.monotonic() - at >= result.checkAfterSeconds * 1000) return true;
    return this.#watch.differsFrom(result.versions);
  }

  /** Whether there was a first look at everything. */
  #isKnown(): boolean {
    return this.#files !== undefined && this.#watch.isSettled();
  }

  #task(): Task {
    return this.#provider() === "operator" ? "keep" : "relinquish";
  }

  async #work(signal: AbortSignal): Promise<Effort> {
    const { clock, connection, place, entry } = this.#options;
    const task = this.#task();
    try {
      const finished = await runJob(task, { clock, connection, place, ...present({ entry }) }, signal);
      return finished === undefined ? "idle" : this.#finish(task, finished);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const failure = `the webhook's certificates cannot be brought in order: ${reason}`;
      if (this.#failure !== failure) {
        this.#log.error("Cannot bring the webhook's certificates in order", { reason });
      }
      this.#failure = failure;
      return "failed";
    }
  }

  #finish(task: Task, { result, told }: Finished): Effort {
    const { status, message } = result.standing;
    const objection = status === "True" ? undefined : message;
    for (const sentence of told) this.#log.info(sentence);
    if (objection !== undefined && objection !== this.#last?.objection) this.#log.warn(objection);
    this.#failure = undefined;
    this.#last = { task, result, objection, at: this.#options.clock.monotonic() };
    return result.changed ? "wrote" : "idle";
  }

  /** Waits for a change, or until time makes something due. */
  async #nextWake(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const { result, at = 0 } = this.#last ?? {};
    const waitMs = at + (result?.checkAfterSeconds ?? 1) * 1000 - clock.monotonic();
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    await sleep(clock, Math.max(waitMs, 1), AbortSignal.any([signal, woken.signal]));
    if (!signal.aborted) await sleep(clock, GATHER_MS, signal);
  }
}
