/** Addresses to listen on, written as Go programs take them. */
import { UsageError } from "./usage_error.ts";

/** Where to listen; undefined hostname means all interfaces, port 0 one that the system chooses. */
export interface Address {
  readonly hostname?: string;
  readonly port: number;
}

/**
 * Reads `:8443`, `127.0.0.1:8081`, `[::1]:8081`, `localhost:0`; `0` alone means that nothing is served.
 * @returns undefined for `0`.
 * @throws UsageError that says what an address looks like.
 */
export function parseAddress(text: string): Address | undefined {
  if (text === "0") return undefined;
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3] ?? NaN);
  if (match === null || port > 65_535) {
    throw new UsageError(
      `an address is host:port, such as :8443, 127.0.0.1:0 or [::1]:8081, or 0 to serve nothing`,
    );
  }
  const hostname = match[1] ?? match[2];
  return hostname === undefined || hostname === "" ? { port } : { hostname, port };
}

/** The address as it is written in a message. */
export function formatAddress({ hostname, port }: Address): string {
  const host = hostname?.includes(":") ? `[${hostname}]` : hostname ?? "";
  return `${host}:${port}`;
}
