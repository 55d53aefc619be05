/** Where a pooler is asked. */
import type { GrpcTls } from "../grpc/tls.ts";
import type { StoredPooler } from "../records/poolers.ts";
import { PoolerError } from "./errors.ts";

/** The server name is what the certificates of all poolers of a cluster have in common: records name hosts of pods. */
export type PoolerTls = Required<GrpcTls>;

export interface PoolerAddress {
  /** For messages: where its record is. */
  readonly name: string;
  readonly hostname: string;
  readonly port: number;
  /** Plain HTTP/2 when absent. */
  readonly tls?: PoolerTls;
}

/** Name of the port in a record at which a pooler is asked. */
const PORT = "grpc";

/** Names and addresses of hosts, and nothing that would lead a URL elsewhere. */
const host = /^[A-Za-z0-9._-]+$|^[0-9A-Fa-f:.]+$/;

/**
 * The address that a pooler registered: its host name and its gRPC port. There is no other.
 * @throws PoolerError `invalid` when the record has none
 */
export function addressOf({ key, record }: StoredPooler, tls?: PoolerTls): PoolerAddress {
  const { hostname, portMap } = record;
  const port = portMap[PORT] ?? 0;
  if (!host.test(hostname)) throw without(key, `its record has host name "${hostname}"`);
  if (port < 1 || port > 65_535) throw without(key, `its record has "${PORT}" port ${port}`);
  return { name: key, hostname, port, ...(tls === undefined ? {} : { tls }) };
}

function without(key: string, why: string): PoolerError {
  return new PoolerError("invalid", `Cannot ask the pooler of ${key} as ${why}; see whether it runs`);
}

/** Such as `http://db-0.pool:15270`. */
export function originOf({ hostname, port, tls }: PoolerAddress): string {
  const name = hostname.includes(":") ? `[${hostname}]` : hostname;
  return `${tls === undefined ? "http" : "https"}://${name}:${port}`;
}
