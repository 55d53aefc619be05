/** Where an etcd is, and how both sides prove who they are. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { TopologyError } from "../errors.ts";

export interface EtcdConnection {
  /** `http://host:port`, `https://host:port`, or `host:port` (HTTPS when `tls` is given); one at least. */
  readonly endpoints: readonly string[];
  readonly tls?: EtcdTls;
}

/** All PEM. */
export interface EtcdTls {
  /** Authorities that the server's certificate must lead to; the runtime's own when absent. */
  readonly caPem?: string;
  /** Client certificate (with intermediates) and its key; both or none. */
  readonly certPem?: string;
  readonly keyPem?: string;
}

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

/**
 * Looks at the certificates before they are used: TLS itself would pass over a text that is none, and the server's
 * complaint would lead astray.
 * @throws TopologyError `invalid`
 */
export function checkTls({ caPem, certPem, keyPem }: EtcdTls): void {
  if (caPem !== undefined) certificateIn(caPem, "authority (ca.crt)");
  if (certPem === undefined && keyPem === undefined) return;
  if (certPem === undefined || keyPem === undefined) {
    throw new TopologyError(
      "invalid",
      "Cannot use half of a client certificate: tls.crt and tls.key must both be given",
    );
  }
  const certificate = certificateIn(certPem, "client certificate (tls.crt)");
  const key = attempt(() => createPrivateKey(keyPem));
  if (key === undefined) {
    throw new TopologyError(
      "invalid",
      "Cannot use the client key (tls.key) as it is no private key in PEM form",
    );
  }
  if (!certificate.checkPrivateKey(key)) {
    throw new TopologyError(
      "invalid",
      "Cannot use the client certificate as tls.key is the key of another one",
    );
  }
}

function certificateIn(pem: string, what: string): X509Certificate {
  const certificate = attempt(() => new X509Certificate(pem));
  if (certificate === undefined) {
    throw new TopologyError("invalid", `Cannot use the ${what} of etcd as it is no certificate in PEM form`);
  }
  return certificate;
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
