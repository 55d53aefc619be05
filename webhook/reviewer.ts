/**
 * The webhook's side of its thread. It may listen on its port, and nothing else: no file, no variable, no other address. What
 * it needs to know it is told ({@link HostMessage}), so a bug in here, or somebody who exploits one, holds no token.
 */
import { loadCatalogue, multigresMajor } from "../postgres/catalogue/catalogue.ts";
import { present } from "../resolve/present.ts";
import { answerQuestion, type Question } from "./answer.ts";
import { Facts } from "./facts.ts";
import { type HostMessage, isHostMessage, type Reviewed, type WorkerMessage } from "./messages.ts";
import { type HookServer, type Reply, startServer } from "./server.ts";

type Begin = Extract<HostMessage, { type: "begin" }>;

interface Stage {
  readonly begin: Begin;
  readonly facts: Facts;
}

let stage: Stage | undefined;
/** Set with the first certificate, before the server listens: a second one waits for it. */
let server: Promise<HookServer> | undefined;

/** Built in full at the start, so that no review waits for it. */
const catalogue = await loadCatalogue(multigresMajor);

/** Takes a message of the main thread. */
export function receive(message: unknown): void {
  if (isHostMessage(message)) void take(message).catch((error: unknown) => fail(error));
}

// A promise that nobody waited for must not end the thread, and with it every answer that is under way.
globalThis.addEventListener("unhandledrejection", (event) => event.preventDefault());

async function take(message: HostMessage): Promise<void> {
  switch (message.type) {
    case "begin":
      stage = { begin: message, facts: new Facts(message.namespaces) };
      return;
    case "facts":
      stage?.facts.apply(message.changes);
      return;
    case "certificate":
      return await useCertificate(message.pair);
    case "leave":
      (await server)?.leave();
      return;
    case "ping":
      post({ type: "pong" });
      return;
  }
}

async function useCertificate(pair: { readonly certificate: string; readonly key: string }): Promise<void> {
  if (stage === undefined) return;
  if (server !== undefined) {
    (await server).setCertificate(pair);
    return;
  }
  const { begin: { hostname, port, account, patience }, facts } = stage;
  const options = { facts, account, catalogue, now: () => new Date(), ...present({ patience }) };
  server = startServer({
    ...present({ hostname }),
    port,
    pair,
    answer: (question) => review(question, options),
  });
  post({ type: "listening", port: (await server).port });
}

async function review(question: Question, options: Parameters<typeof answerQuestion>[1]): Promise<Reply> {
  const start = performance.now();
  const { told, ...reply } = await answerQuestion(question, options);
  if (told !== undefined) note({ told, seconds: (performance.now() - start) / 1000 });
  return reply;
}

/** For metrics, which can wait: telling of each review at once would wake the main program before the caller has its answer. */
const TELL_MS = 250;

let untold: Reviewed[] = [];

function note(review: Reviewed): void {
  untold.push(review);
  if (untold.length > 1) return;
  setTimeout(() => {
    post({ type: "reviewed", reviews: untold });
    untold = [];
  }, TELL_MS);
}

function fail(error: unknown): void {
  post({ type: "failed", message: error instanceof Error ? error.message : String(error) });
}

/** The type of the global object is that of a program, which has no `postMessage`. */
function post(message: WorkerMessage): void {
  const send: unknown = Reflect.get(globalThis, "postMessage");
  if (typeof send === "function") send.call(globalThis, message);
}
