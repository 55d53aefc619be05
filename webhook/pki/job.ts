/** The main program's side of the PKI: starts its worker with next to no permissions, for one piece of work. */
import { type Clock, sleep } from "../../kube/clock.ts";
import type { Connection } from "../../kube/connection.ts";
import { present } from "../../resolve/present.ts";
import type { Maintained } from "./maintain.ts";
import { isPkiMessage, type MainMessage, type Task } from "./messages.ts";
import type { Place } from "./place.ts";

export interface JobOptions {
  readonly clock: Clock;
  readonly connection: Connection;
  readonly place: Place;
  /** The worker's module, where it is not beside this one. */
  readonly entry?: URL;
}

export interface Finished {
  readonly result: Maintained;
  /** What was done, in sentences. */
  readonly told: readonly string[];
}

/** A worker that takes longer has lost its way, in milliseconds: each of its requests may take 30 s. */
const LIMIT_MS = 120_000;

/**
 * Has a worker do the task.
 * @returns undefined when `signal` aborted first.
 * @throws Error that says what the worker failed with.
 */
export async function runJob(
  task: Task,
  options: JobOptions,
  signal: AbortSignal,
): Promise<Finished | undefined> {
  const over = new AbortController();
  const worker = startWorker(options);
  try {
    const late = sleep(options.clock, LIMIT_MS, AbortSignal.any([signal, over.signal])).then((passed) => {
      if (passed) throw new Error(`it was not done within ${LIMIT_MS / 1000} s`);
      return undefined;
    });
    return await Promise.race([converse(worker, task, options), late]);
  } finally {
    over.abort();
    worker.terminate();
  }
}

function converse(worker: Worker, task: Task, options: JobOptions): Promise<Finished> {
  const { clock, connection, place } = options;
  const send = (message: MainMessage) => worker.postMessage(message);
  return new Promise((resolve, reject) => {
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    });
    worker.addEventListener("message", (event: MessageEvent) => {
      const data: unknown = event.data;
      if (!isPkiMessage(data)) return;
      switch (data.type) {
        case "token wanted":
          return void giveToken(connection, send);
        case "done":
          return resolve({ result: data.result, told: data.told });
        case "failed":
          return reject(new Error(data.message));
      }
    });
    const { server, caPem, certPem, keyPem, token } = connection;
    const access = { server, hasToken: token !== undefined, ...present({ caPem, certPem, keyPem }) };
    send({ type: "begin", task, place, access, now: clock.now().getTime() });
  });
}

async function giveToken({ token }: Connection, send: (message: MainMessage) => void): Promise<void> {
  try {
    send({ type: "token", token: await token?.() ?? "" });
  } catch (error) {
    send({ type: "no token", message: error instanceof Error ? error.message : String(error) });
  }
}

/** All that the worker may do is to reach the API server. */
function startWorker({ connection, entry }: JobOptions): Worker {
  return new Worker(entry ?? usualEntry(), {
    type: "module",
    name: "webhook-certificates",
    deno: {
      permissions: {
        net: [addressOf(connection.server)],
        env: false,
        ffi: false,
        import: false,
        read: false,
        run: false,
        sys: false,
        write: false,
      },
    },
  });
}

/** `host:port` of an URL, in the form that permissions take. */
export function addressOf(server: string): string {
  const { hostname, port, protocol } = new URL(server);
  return `${hostname}:${port === "" ? (protocol === "http:" ? "80" : "443") : port}`;
}

/** Beside this module; in a bundle, whose files lie flat but for the entries' own folders, where `deno task bundle` puts it. */
function usualEntry(): URL {
  return import.meta.url.endsWith(".ts")
    ? new URL("./worker.ts", import.meta.url)
    : new URL("./webhook/pki/worker.js", import.meta.url);
}
