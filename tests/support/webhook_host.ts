/** A webhook with its real worker, and a client that believes its certificate. */
import assert from "node:assert/strict";
import { systemClock } from "../../kube/clock.ts";
import { seededRandom } from "../../kube/random.ts";
import { createLogger } from "../../telemetry/log.ts";
import type { FactListener } from "../../webhook/fact_feed.ts";
import { type HostOptions, WebhookHost } from "../../webhook/host.ts";
import { createAuthority } from "../ground/pki.ts";
import { freePort } from "../ground/ports.ts";
import { waitFor } from "../ground/wait_for.ts";
import { account, factsOf, readAnswer, type Said } from "./webhook.ts";

export const authority = await createAuthority();

/** A certificate for the loopback address. */
export async function servingPair() {
  const { certPem, keyPem } = await authority.issueServer(["localhost"], ["127.0.0.1"]);
  return { certificate: certPem, key: keyPem };
}

export const pair = await servingPair();

/** A feed that tells that all is known, and then what the test says. */
function handFeed() {
  const listeners = new Set<FactListener>();
  return {
    follow(listener: FactListener, signal: AbortSignal) {
      listeners.add(listener);
      signal.addEventListener("abort", () => listeners.delete(listener));
      listener(factsOf());
    },
    tell: ((changes) => listeners.forEach((listener) => listener(changes))) satisfies FactListener,
    get listeners() {
      return listeners.size;
    },
  };
}

export interface WebhookStage {
  readonly host: WebhookHost;
  readonly port: number;
  readonly feed: ReturnType<typeof handFeed>;
  /** Lines of the log. */
  readonly log: string[];
  /** Asks the webhook to end. @returns when it has */
  end(): Promise<void>;
  ask(path: string, body: unknown): Promise<Said>;
  /** Sends any text, and returns the status and body of the answer. */
  send(
    path: string,
    text: string,
  ): Promise<{ readonly status: number; readonly text: string; readonly connection: string | null }>;
}

/** Runs `body` beside a webhook, which gets no certificate by itself. */
export async function withHost(
  options: Partial<HostOptions>,
  body: (stage: WebhookStage) => Promise<void>,
): Promise<void> {
  const log: string[] = [];
  const feed = handFeed();
  const port = options.port ?? freePort();
  const host = new WebhookHost({
    clock: systemClock,
    random: seededRandom(3),
    log: createLogger({
      level: "info",
      format: "json",
      write: (line) => log.push(line),
      now: () => new Date(),
    }),
    hostname: "127.0.0.1",
    port,
    account,
    feed,
    ...options,
  });
  const end = new AbortController();
  const running = host.run(end.signal);
  const client = Deno.createHttpClient({ caCerts: [authority.caPem] });
  const send = async (path: string, text: string) => {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`https://127.0.0.1:${port}${path}`, {
      client,
      method: "POST",
      headers,
      body: text,
    });
    return {
      status: answer.status,
      text: await answer.text(),
      connection: answer.headers.get("connection"),
    };
  };
  const ask = async (path: string, review: unknown) => {
    const { status, text } = await send(path, JSON.stringify(review));
    return readAnswer(status, text);
  };
  const stop = () => {
    end.abort();
    return running;
  };
  try {
    await body({ host, port, feed, log, ask, send, end: stop });
  } finally {
    client.close();
    await stop();
    assert.equal(feed.listeners, 0);
  }
}

/** Waits until the webhook listens. A test's first worker has its types checked before it starts, which may take a while. */
export function listening(host: WebhookHost): Promise<boolean> {
  return waitFor("the webhook to listen", () => host.health() === undefined, { timeoutMs: 120_000 });
}
