/** Certificates of a connection, and what is wrong with them. */
import { createPrivateKey, X509Certificate } from "node:crypto";

/** All PEM. */
export interface GrpcTls {
  /** Authorities that the server's certificate must lead to; the runtime's own when absent. */
  readonly caPem?: string;
  /** Client certificate (with intermediates) and its key; both or none. */
  readonly certPem?: string;
  readonly keyPem?: string;
  /** Name that the server's certificate must have; that of the host when absent. */
  readonly serverName?: string;
}

/**
 * Looks at the certificates before they are used: TLS itself would pass over a text that is none, and the server's
 * complaint would lead astray.
 * @param peer of which the authority is, such as `etcd`
 * @returns a sentence, or undefined when nothing is wrong
 */
export function problemOfTls({ caPem, certPem, keyPem }: GrpcTls, peer: string): string | undefined {
  if (caPem !== undefined && certificateIn(caPem) === undefined) {
    return noCertificate("authority (ca.crt)", peer);
  }
  if (certPem === undefined && keyPem === undefined) return undefined;
  if (certPem === undefined || keyPem === undefined) {
    return "Cannot use half of a client certificate: tls.crt and tls.key must both be given";
  }
  const certificate = certificateIn(certPem);
  if (certificate === undefined) return noCertificate("client certificate (tls.crt)", peer);
  const key = attempt(() => createPrivateKey(keyPem));
  if (key === undefined) return "Cannot use the client key (tls.key) as it is no private key in PEM form";
  if (certificate.checkPrivateKey(key)) return undefined;
  return "Cannot use the client certificate as tls.key is the key of another one";
}

function noCertificate(what: string, peer: string): string {
  return `Cannot use the ${what} of ${peer} as it is no certificate in PEM form`;
}

function certificateIn(pem: string): X509Certificate | undefined {
  return attempt(() => new X509Certificate(pem));
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
