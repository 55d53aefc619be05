/**
 * Replication slots that Patroni is to keep. It drops those on the primary that it does not know as soon as nobody reads
 * them; those of its configuration it keeps, and copies to standbys, so that they outlive a failover.
 */
import { PatroniError } from "./rest.ts";

/** An answer that takes longer is given up, in milliseconds. */
const ANSWER_MS = 5_000;
/** This many characters of an unexpected answer are told. */
const EXCERPT = 300;

/** A logical slot, by name: its database, or `null` for one that is not to be kept any more. */
export type KeptSlots = Readonly<Record<string, string | null>>;

/** The change to Patroni's configuration. */
export function slotsPatch(slots: KeptSlots): Record<string, unknown> {
  const entries = Object.entries(slots).map(([name, database]) => [
    name,
    database === null ? null : { type: "logical", database, plugin: "pgoutput" },
  ]);
  return { slots: Object.fromEntries(entries) };
}

/**
 * Tells Patroni. Any member takes it, for all of them.
 * @param address of a member: scheme, host and port
 * @throws PatroniError
 */
export async function keepSlots(address: string, slots: KeptSlots, signal: AbortSignal): Promise<void> {
  const url = `${address}/config`;
  let response: Response;
  try {
    response = await fetch(url, {
      method: "PATCH",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(slotsPatch(slots)),
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
    });
  } catch (error) {
    throw new PatroniError(`PATCH ${url}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const text = await response.text();
  if (!response.ok) {
    throw new PatroniError(`PATCH ${url}: ${response.status}: ${text.slice(0, EXCERPT).trim()}`);
  }
}
