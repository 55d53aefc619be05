/**
 * The thread that holds the keys of the webhook's authority, while there is something to do for them, and then ends. It may
 * reach the API server, and nothing else: no file, no variable, no other address.
 */
import { KubeClient } from "../../kube/client.ts";
import { type Clock, systemClock } from "../../kube/clock.ts";
import type { Connection } from "../../kube/connection.ts";
import { refreshedToken } from "../../kube/credentials.ts";
import { EventRecorder } from "../../kube/events.ts";
import { createFetchTransport } from "../../kube/fetch_transport.ts";
import { operatorName } from "../../api/multigres/labels.ts";
import { silentLogger } from "../../telemetry/log.ts";
import { silentMetrics } from "../../telemetry/metrics.ts";
import { maintain, type MaintenanceTools, relinquish } from "./maintain.ts";
import { type Access, isMainMessage, type MainMessage, type PkiMessage } from "./messages.ts";

type Begin = Extract<MainMessage, { type: "begin" }>;

/** Events are a courtesy: this long they may hold up the end, in milliseconds. */
const FLUSH_MS = 2_000;

/** Requests that wait for the token: several begin at the same time. */
let waiting: ((reply: Exclude<MainMessage, Begin>) => void)[] = [];

globalThis.addEventListener("message", (event) => {
  const data: unknown = event instanceof MessageEvent ? event.data : undefined;
  if (!isMainMessage(data)) return;
  if (data.type !== "begin") return reply(data);
  void work(data).catch((error: unknown) =>
    post({ type: "failed", message: error instanceof Error ? error.message : String(error) })
  );
});

async function work({ task, place, access, now }: Begin): Promise<void> {
  const clock = clockFrom(now);
  const transport = createFetchTransport(connectionOf(access, place.namespace));
  try {
    const client = new KubeClient({ transport, clock, metrics: silentMetrics, fieldManager: operatorName });
    const events = new EventRecorder({
      client,
      clock,
      random: Math.random,
      log: silentLogger,
      component: "webhook-certificates",
    });
    const told: string[] = [];
    const record: MaintenanceTools["record"] = (secret, notice) => {
      told.push(notice.message);
      events.record(secret, notice);
    };
    const result = await (task === "keep" ? maintain : relinquish)(place, { client, clock, record });
    await events.flush(FLUSH_MS);
    post({ type: "done", result, told });
  } finally {
    transport.close();
  }
}

/** A clock that begins at another time of day than the machine's. */
function clockFrom(now: number): Clock {
  const ahead = now - Date.now();
  return { ...systemClock, now: () => new Date(Date.now() + ahead) };
}

function connectionOf({ hasToken, ...rest }: Access, namespace: string): Connection {
  return { ...rest, namespace, ...(hasToken ? { token: refreshedToken(askForToken, systemClock) } : {}) };
}

function askForToken(): Promise<string> {
  return new Promise((resolve, reject) => {
    waiting.push((answer) =>
      answer.type === "token" ? resolve(answer.token) : reject(new Error(answer.message))
    );
    if (waiting.length === 1) post({ type: "token wanted" });
  });
}

function reply(answer: Exclude<MainMessage, Begin>): void {
  const asking = waiting;
  waiting = [];
  for (const resolve of asking) resolve(answer);
}

/** The type of the global object is that of a program, which has no `postMessage`. */
function post(message: PkiMessage): void {
  const send: unknown = Reflect.get(globalThis, "postMessage");
  if (typeof send === "function") send.call(globalThis, message);
}
