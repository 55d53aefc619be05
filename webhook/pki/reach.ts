/**
 * Whether API servers reach the webhook. They are asked to create a cluster that the webhook refuses (see `probe.ts`), as a
 * dry run; once its refusal has come back, they do, and are not asked again.
 *
 * A Service leads to ready pods alone, and a pod is to be ready only when it is reached: the first one could never be. So
 * while no replica is ready and API servers find nobody, a replica whose certificate they trust goes ahead for a minute; if
 * they do not reach it then, it steps back, and tries that again minutes later.
 */
import { MultigresClusters } from "../../api/multigres/multigres_cluster.ts";
import { backoffMs, type BackoffPolicy } from "../../kube/backoff.ts";
import type { KubeClient } from "../../kube/client.ts";
import { type Clock, sleep } from "../../kube/clock.ts";
import { parseStatus } from "../../kube/errors.ts";
import type { Random } from "../../kube/random.ts";
import { collectionPath } from "../../kube/resource.ts";
import type { Transport } from "../../kube/transport.ts";
import type { Logger } from "../../telemetry/log.ts";
import { probeAnswer, probeCluster, probedHook } from "../probe.ts";
import { operatorDeployment } from "./owner.ts";
import type { Place } from "./place.ts";

export interface ReachOptions {
  readonly transport: Transport;
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly place: Place;
  /** Where the cluster is asked for. */
  readonly namespace: string;
  /** Why asking makes no sense yet; undefined when it does. */
  readonly obstacle: () => string | undefined;
  /** Whether {@link probedHook} is among the hooks that API servers know. */
  readonly isHooked: () => boolean;
}

/** How a question ended. */
type Outcome =
  | { readonly kind: "reached" }
  /** @property unheard nobody was found at the address. */
  | { readonly kind: "missed"; readonly message: string; readonly unheard: boolean };

const PACE: BackoffPolicy = { firstMs: 300, capMs: 10_000, jitter: 0.2 };
const TIMEOUT_MS = 15_000;

/** As long as asking makes no sense, that is looked at again and again, in milliseconds. */
const BLOCKED_MS = 500;

/** How long a replica goes ahead, and how long it stays back afterwards, in milliseconds. */
const AHEAD_MS = 60_000;
const BACK_MS = 300_000;

export class Reach {
  readonly #options: ReachOptions;
  #reached = false;
  #aheadAt: number | undefined;
  #message = "it is not known yet whether the API server reaches the webhook";

  constructor(options: ReachOptions) {
    this.#options = options;
  }

  /** Why it is not reached, or undefined when it is, or goes ahead. */
  health(): string | undefined {
    if (this.#reached) return undefined;
    const aheadMs = this.#options.clock.monotonic() - (this.#aheadAt ?? -Infinity);
    return aheadMs < AHEAD_MS ? undefined : this.#message;
  }

  /** Asks until the webhook was reached, or `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, log, obstacle } = this.#options;
    for (let misses = 0; !signal.aborted && !this.#reached;) {
      if (obstacle() !== undefined) {
        misses = 0;
        await sleep(clock, BLOCKED_MS, signal);
        continue;
      }
      await this.#ask(signal);
      misses += 1;
      if (!this.#reached) await sleep(clock, backoffMs(PACE, misses, random), signal);
    }
    if (this.#reached) log.info("The API server reaches the webhook");
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const outcome = await this.#probe(signal);
    if (outcome.kind === "reached") {
      this.#reached = true;
      return;
    }
    if (this.#message !== outcome.message) {
      this.#options.log.debug("The API server does not reach the webhook yet", { reason: outcome.message });
    }
    this.#message = outcome.message;
    if (outcome.unheard && await this.#mayGoAhead()) this.#aheadAt = this.#options.clock.monotonic();
  }

  async #probe(signal: AbortSignal): Promise<Outcome> {
    const { transport, namespace, isHooked } = this.#options;
    const path = `${collectionPath(MultigresClusters.resource, namespace)}?dryRun=All`;
    try {
      const body = JSON.stringify(probeCluster);
      const contentType = "application/json";
      const request = { method: "POST", path, contentType, body, signal, timeoutMs: TIMEOUT_MS } as const;
      const { status, body: answer } = await transport.request(request);
      if (status < 300) {
        return isHooked() ? missed("the API server does not ask the webhook yet") : { kind: "reached" };
      }
      return judge(parseStatus(status, answer).message);
    } catch (error) {
      return missed(error instanceof Error ? error.message : String(error));
    }
  }

  /** Not twice within minutes, and not while another replica is there to be found. */
  async #mayGoAhead(): Promise<boolean> {
    const { client, clock, place } = this.#options;
    if (clock.monotonic() - (this.#aheadAt ?? -Infinity) < AHEAD_MS + BACK_MS) return false;
    try {
      const deployment = await operatorDeployment(client, place.namespace);
      return (deployment?.status?.readyReplicas ?? 0) === 0;
    } catch {
      return false;
    }
  }
}

/** @param message of an API server that did not create the cluster. */
function judge(message: string): Outcome {
  if (message.includes(probeAnswer)) return { kind: "reached" };
  if (!message.includes("failed calling webhook")) {
    return missed(`the API server does not get as far as ${probedHook}: ${message}`);
  }
  const known = /x509|tls:|not found/.test(message);
  return {
    kind: "missed",
    message: `the API server does not reach the webhook: ${message}`,
    unheard: !known,
  };
}

function missed(message: string): Outcome {
  return { kind: "missed", message, unheard: false };
}
