/** Patroni's REST API over HTTP. */
import {
  parseAnswer,
  parseParameters,
  type PatroniAnswer,
  type PatroniClient,
  PatroniError,
  type Switchover,
} from "./rest.ts";

/** A member that does not answer a question within this time is left out, in milliseconds. */
const ANSWER_MS = 1_500;
/** Patroni answers when the new leader has taken office, which takes up to a round of its loop and a shutdown. */
const SWITCHOVER_MS = 60_000;
/** Patroni writes its configuration through the API server. */
const CONFIG_MS = 10_000;
/** Answers are small; this many characters of an unexpected one are told. */
const EXCERPT = 300;

export interface FetchOptions {
  /** Certificates, where members answer over TLS. */
  readonly client?: Deno.HttpClient;
}

type Init = RequestInit & { client?: Deno.HttpClient };

/** The client that the operator uses. */
export function fetchPatroni(options: FetchOptions = {}): PatroniClient {
  const within = (signal: AbortSignal, limitMs: number) =>
    AbortSignal.any([signal, AbortSignal.timeout(limitMs)]);
  return {
    member: async (address, signal) => await member(address, within(signal, ANSWER_MS), options),
    switchover: async (address, change, signal) =>
      await switchover(address, change, { ...options, signal: within(signal, SWITCHOVER_MS) }),
    setParameters: async (address, parameters, signal) =>
      await setParameters(address, parameters, { ...options, signal: within(signal, CONFIG_MS) }),
  };
}

async function setParameters(
  address: string,
  parameters: Readonly<Record<string, string>>,
  { signal, ...options }: FetchOptions & { readonly signal: AbortSignal },
): Promise<void> {
  const standing = parseParameters(
    parseJson(await send(`${address}/config`, { method: "GET", signal }, options), address),
  );
  // Patroni keeps numbers and words as it was given them.
  const changed = Object.entries(parameters).filter(([name, value]) => String(standing[name]) !== value);
  if (changed.length === 0) return;
  const body = JSON.stringify({ postgresql: { parameters: Object.fromEntries(changed) } });
  const headers = { "content-type": "application/json" };
  await send(`${address}/config`, { method: "PATCH", headers, body, signal }, options);
}

function parseJson(body: string, address: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new PatroniError(
      `Cannot read the answer of ${address} as it is no JSON: ${body.slice(0, EXCERPT)}`,
    );
  }
}

async function member(address: string, signal: AbortSignal, options: FetchOptions): Promise<PatroniAnswer> {
  const body = await send(`${address}/patroni`, { method: "GET", signal }, options);
  return parseAnswer(parseJson(body, address));
}

async function switchover(
  address: string,
  { leader, candidate }: Switchover,
  { signal, ...options }: FetchOptions & { readonly signal: AbortSignal },
): Promise<void> {
  const body = JSON.stringify({ leader, candidate });
  const headers = { "content-type": "application/json" };
  await send(`${address}/switchover`, { method: "POST", headers, body, signal }, options);
}

async function send(url: string, init: RequestInit, { client }: FetchOptions): Promise<string> {
  const response = await reach(url, client === undefined ? init : { ...init, client });
  const text = await response.text();
  if (response.ok) return text;
  throw new PatroniError(`${init.method} ${url}: ${response.status}: ${text.slice(0, EXCERPT).trim()}`);
}

async function reach(url: string, init: Init): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    throw new PatroniError(
      `${init.method} ${url}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
