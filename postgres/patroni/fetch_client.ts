/** Patroni's REST API over HTTP. */
import {
  parseCluster,
  type PatroniClient,
  type PatroniCluster,
  PatroniError,
  type Switchover,
} from "./rest.ts";

/** A member that does not answer a question within this time is left out, in milliseconds. */
const ANSWER_MS = 1_500;
/** Patroni answers when the new leader has taken office, which takes up to a round of its loop and a shutdown. */
const SWITCHOVER_MS = 60_000;
/** Answers are small; this many characters of an unexpected one are told. */
const EXCERPT = 300;

export interface FetchOptions {
  /** Certificates, where members answer over TLS. */
  readonly client?: Deno.HttpClient;
}

type Init = RequestInit & { client?: Deno.HttpClient };

/** The client that the operator uses. */
export function fetchPatroni(options: FetchOptions = {}): PatroniClient {
  return {
    cluster: async (address, signal) =>
      await cluster(address, AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]), options),
    switchover: async (address, change, signal) =>
      await switchover(address, change, {
        ...options,
        signal: AbortSignal.any([signal, AbortSignal.timeout(SWITCHOVER_MS)]),
      }),
  };
}

async function cluster(address: string, signal: AbortSignal, options: FetchOptions): Promise<PatroniCluster> {
  const body = await send(`${address}/cluster`, { method: "GET", signal }, options);
  try {
    return parseCluster(JSON.parse(body));
  } catch (error) {
    if (error instanceof PatroniError) throw error;
    throw new PatroniError(
      `Cannot read the answer of ${address} as it is no JSON: ${body.slice(0, EXCERPT)}`,
    );
  }
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
