/** From what the runtime and Connect throw to what callers tell apart. */
import { Code, ConnectError } from "@connectrpc/connect";
import { TopologyError, type TopologyFailure } from "../errors.ts";
import { connectionError } from "../grpc/connection_error.ts";

/** Why a connection to `authority` could not be made, or ended, as a reason. */
export function failureOfConnection(error: unknown, authority: string): TopologyError {
  if (error instanceof TopologyError) return error;
  const { failure, message, cause } = connectionError(error, `etcd at ${authority}`);
  return new TopologyError(failure, message, { cause: cause ?? error });
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
    // Not by us, which is known before: the other side cut the call short.
    case Code.Canceled:
      return "broken";
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
