/** Where an etcd is, and how both sides prove who they are. */
import { TopologyError } from "../errors.ts";
import { type GrpcTls, problemOfTls } from "../grpc/tls.ts";

export interface EtcdConnection {
  /** `http://host:port`, `https://host:port`, or `host:port` (HTTPS when `tls` is given); one at least. */
  readonly endpoints: readonly string[];
  readonly tls?: EtcdTls;
}

/** The server is known by the host of its endpoint. */
export type EtcdTls = Omit<GrpcTls, "serverName">;

/**
 * The endpoints as origins, each once, in their order.
 * @throws TopologyError `invalid` when there is none, or one is no address.
 */
export function originsOf({ endpoints, tls }: EtcdConnection): string[] {
  if (endpoints.length === 0) {
    throw new TopologyError("invalid", "Cannot connect to etcd as it has no endpoints; name one at least");
  }
  return [...new Set(endpoints.map((endpoint) => originOf(endpoint, tls === undefined ? "http" : "https")))];
}

function originOf(endpoint: string, scheme: string): string {
  const text = endpoint.includes("://") ? endpoint : `${scheme}://${endpoint}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol) || url.hostname === "") {
    throw new TopologyError(
      "invalid",
      `Cannot connect to etcd at "${endpoint}" as this is no address; write host:port, or a URL with http or https`,
    );
  }
  return url.origin;
}

/** Looks at the certificates before they are used. @throws TopologyError `invalid` */
export function checkTls(tls: EtcdTls): void {
  const problem = problemOfTls(tls, "etcd");
  if (problem !== undefined) throw new TopologyError("invalid", problem);
}
