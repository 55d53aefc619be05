/** Why a pooler did not do what it was asked. */

/**
 * | failure           | what happened                                                            | was it done? |
 * | ----------------- | ------------------------------------------------------------------------ | ------------ |
 * | `unreachable`     | no connection                                                            | no           |
 * | `untrusted`       | TLS refused the pooler's certificate                                     | no           |
 * | `unauthenticated` | the pooler refused our certificate, or asks for one                      | no           |
 * | `timeout`         | the time ran out                                                         | perhaps      |
 * | `broken`          | the connection ended half-way, or what came was no answer of a pooler    | perhaps      |
 * | `aborted`         | the caller's signal, or the client was closed                            | perhaps      |
 * | `wrong_role`      | it is no primary, or no standby, and only one of that role may do it     | no           |
 * | `unimplemented`   | this version of the pooler does not know the call                        | no           |
 * | `unavailable`     | it answered that it cannot now: it starts, stops, or changes its role    | perhaps      |
 * | `refused`         | it answered no, and would again: what was asked does not make sense to it | no          |
 * | `internal`        | it tried and failed; the message is what its tools said                  | perhaps      |
 * | `fenced`          | this process may not change anything: it lost its lease                  | no           |
 * | `invalid`         | its record has no address, or our certificates are none                  | no           |
 */
export type PoolerFailure =
  | "unreachable"
  | "untrusted"
  | "unauthenticated"
  | "timeout"
  | "broken"
  | "aborted"
  | "wrong_role"
  | "unimplemented"
  | "unavailable"
  | "refused"
  | "internal"
  | "fenced"
  | "invalid";

export class PoolerError extends Error {
  override readonly name = "PoolerError";
  constructor(readonly failure: PoolerFailure, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}
