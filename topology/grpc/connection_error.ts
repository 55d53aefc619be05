/** Why a connection could not be made, or ended: from what the runtime throws to what callers tell apart. */

/**
 * | failure           | what happened                                                |
 * | ----------------- | ------------------------------------------------------------ |
 * | `unreachable`     | nobody accepted the connection                               |
 * | `untrusted`       | TLS refused the server's certificate                         |
 * | `unauthenticated` | the server refused our certificate, or asks for one          |
 * | `broken`          | it ended half-way, or the other side speaks something else   |
 */
export type ConnectionFailure = "unreachable" | "untrusted" | "unauthenticated" | "broken";

/** Its message is a reason: whoever knows what was to be done with the connection puts that in front. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  constructor(readonly failure: ConnectionFailure, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** Names that Node gives to connections that were never made. */
const unreachable = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EADDRNOTAVAIL)$/;

/** Names of OpenSSL for certificates that do not lead to the authority, are out of date, or are for another host. */
const untrusted = /CERT|LEAF_SIGNATURE|ISSUER|SELF_SIGNED|ALTNAME/;

/** Alerts by which a server says that it wants another certificate of us. */
const refusedUs = /^ERR_SSL_.*ALERT_.*(CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE)/;

/** @param peer who was to be reached, such as `etcd at http://a:2379` */
export function connectionError(error: unknown, peer: string): ConnectionError {
  if (error instanceof ConnectionError) return error;
  const code = codeOf(error);
  const said = error instanceof Error ? error.message : String(error);
  const because = (failure: ConnectionFailure, reason: string) =>
    new ConnectionError(failure, `${peer} ${reason}`, { cause: error });
  if (refusedUs.test(code)) {
    return because(
      "unauthenticated",
      `refuses our client certificate, or asks for one that is missing: ${said}`,
    );
  }
  if (untrusted.test(code)) {
    return because(
      "untrusted",
      `has a certificate that is not to be trusted; check authority and host name: ${said}`,
    );
  }
  if (unreachable.test(code)) return because("unreachable", `cannot be reached: ${said}`);
  return because("broken", `ended the connection; check whether it speaks http or https: ${said}`);
}

/** `code` of a Node error, or of the error that caused it. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  const code: unknown = Reflect.get(error, "code");
  return typeof code === "string" ? code : codeOf(error.cause);
}
