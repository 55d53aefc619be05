/** From what Connect and connections throw to what callers of poolers tell apart. Messages are reasons. */
import { Code, ConnectError } from "@connectrpc/connect";
import { RPCErrorSchema } from "../gen/mtrpc_pb.ts";
import { connectionError } from "../grpc/connection_error.ts";
import { PoolerError, type PoolerFailure } from "./errors.ts";

/** Codes of the data plane's own, in the details of a status. */
const CLUSTER_EVENT = 17;
const READ_ONLY = 18;
const NOT_BEGUN = 19;

/** @param peer such as `the pooler at http://a:15270` */
export function failureOfCall(error: unknown, peer: string): PoolerError {
  if (error instanceof PoolerError) return error;
  if (!(error instanceof ConnectError)) {
    const { failure, message, cause } = connectionError(error, peer);
    return new PoolerError(failure, message, { cause: cause ?? error });
  }
  // What the server itself said has no cause; what went wrong on the way to it has.
  if (error.cause !== undefined) {
    return new PoolerError("broken", `${peer} broke off: ${error.rawMessage}`, { cause: error });
  }
  const [detail] = error.findDetails(RPCErrorSchema);
  const failure = failureOfDetail(detail?.code) ?? failureOfStatus(error.code);
  const said = error.rawMessage || detail?.message || Code[error.code];
  return new PoolerError(failure, `${peer} answered: ${said}`, { cause: error });
}

function failureOfDetail(code: number | undefined): PoolerFailure | undefined {
  switch (code) {
    case CLUSTER_EVENT:
    case NOT_BEGUN:
      return "unavailable";
    case READ_ONLY:
      return "wrong_role";
    default:
      return undefined;
  }
}

function failureOfStatus(code: Code): PoolerFailure {
  switch (code) {
    case Code.FailedPrecondition:
      return "wrong_role";
    case Code.Unimplemented:
      return "unimplemented";
    case Code.Unavailable:
    case Code.Aborted:
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
    case Code.OutOfRange:
      return "refused";
    case Code.Unknown:
    case Code.Internal:
    case Code.DataLoss:
      return "internal";
  }
}
