/** From what the runtime and Connect throw to what callers tell apart. */
import { Code, ConnectError } from "@connectrpc/connect";
import { TopologyError, type TopologyFailure } from "../errors.ts";

/** Names that Node gives to connections that were never made. */
const unreachable = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EADDRNOTAVAIL)$/;

/** Names of OpenSSL for certificates that do not lead to the authority, are out of date, or are for another host. */
const untrusted = /CERT|LEAF_SIGNATURE|ISSUER|SELF_SIGNED|ALTNAME/;

/** Alerts by which a server says that it wants another certificate of us. */
const refusedUs = /^ERR_SSL_.*ALERT_.*(CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE)/;

/**
 * Why a connection to `authority` could not be made, or ended. Messages here are reasons: whoever knows what was to be
 * done with the connection puts that in front.
 */
export function failureOfConnection(error: unknown, authority: string): TopologyError {
  if (error instanceof TopologyError) return error;
  const code = codeOf(error);
  const said = error instanceof Error ? error.message : String(error);
  const because = (failure: TopologyFailure, reason: string) =>
    new TopologyError(failure, `etcd at ${authority} ${reason}`, { cause: error });
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

/** Why a call that was sent to `authority` did not succeed, as a reason. */
export function failureOfCall(error: unknown, authority: string): TopologyError {
  if (!(error instanceof ConnectError)) return failureOfConnection(error, authority);
  const failure = failureOfStatus(error);
  const verb = failure === "broken" ? "broke off" : "answered";
  return new TopologyError(failure, `etcd at ${authority} ${verb}: ${error.rawMessage}`, { cause: error });
}

/** One error for a call that no endpoint carried out: of the kind that says most, with the reasons of all. */
export function failureOfAll(failures: readonly TopologyError[], what: string): TopologyError {
  const telling = failures.find(({ failure }) => failure !== "unreachable") ?? failures[0];
  const reasons = failures.map(({ message }) => message).join("; ") || "there was no time left";
  return new TopologyError(telling?.failure ?? "timeout", `Cannot ${what} as ${reasons}`, {
    cause: telling,
  });
}

/** etcd's words for "I cannot serve now" that come with other codes than Unavailable. */
const cannotServe = /leader changed|no leader|request timed out|too many requests|not ready|stopped/;

function failureOfStatus(error: ConnectError): TopologyFailure {
  // What the server itself said has no cause; what went wrong on the way to it has.
  if (error.cause !== undefined) return "broken";
  if (cannotServe.test(error.rawMessage)) return "unavailable";
  switch (error.code) {
    case Code.Unavailable:
      return "unavailable";
    case Code.DeadlineExceeded:
      return "timeout";
    case Code.Canceled:
      return "aborted";
    case Code.Unauthenticated:
      return "unauthenticated";
    case Code.InvalidArgument:
    case Code.NotFound:
    case Code.AlreadyExists:
    case Code.PermissionDenied:
    case Code.ResourceExhausted:
    case Code.FailedPrecondition:
    case Code.Unimplemented:
      return "refused";
    case Code.Unknown:
    case Code.Aborted:
    case Code.OutOfRange:
    case Code.Internal:
    case Code.DataLoss:
      return "broken";
  }
}
