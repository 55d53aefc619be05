/** Why something could not be done in the topology. */

/**
 * | failure           | what happened                                                      | was a write carried out? |
 * | ----------------- | ------------------------------------------------------------------ | ------------------------ |
 * | `unreachable`     | no connection to any endpoint                                      | no                       |
 * | `untrusted`       | TLS refused the server's certificate                               | no                       |
 * | `unauthenticated` | the server refused our certificate, or asks for one                | no                       |
 * | `unavailable`     | etcd answered that it cannot serve now: no quorum, no leader       | perhaps                  |
 * | `timeout`         | the time ran out                                                   | perhaps                  |
 * | `broken`          | the connection ended half-way, or what came was no answer of etcd  | perhaps                  |
 * | `refused`         | etcd answered no, and would again: no space, no permission         | no                       |
 * | `aborted`         | the caller's signal, or the store was closed                       | perhaps                  |
 * | `fenced`          | this process may not write: it lost its lease                      | no                       |
 * | `conflict`        | others kept changing the same records                              | no                       |
 * | `unreadable`      | a record is no message of its kind                                 | no                       |
 * | `invalid`         | the connection's own settings, or what is to be written, are wrong | no                       |
 *
 * A key that is not there is no error: it is read as undefined.
 */
export type TopologyFailure =
  | "unreachable"
  | "untrusted"
  | "unauthenticated"
  | "unavailable"
  | "timeout"
  | "broken"
  | "refused"
  | "aborted"
  | "fenced"
  | "conflict"
  | "unreadable"
  | "invalid";

export class TopologyError extends Error {
  override readonly name = "TopologyError";
  constructor(readonly failure: TopologyFailure, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** Failures that pass when etcd or the network comes back. */
const passing: ReadonlySet<TopologyFailure> = new Set(["unreachable", "unavailable", "timeout", "broken"]);

/** Whether the topology cannot be used at the moment, and may be without anybody's doing. */
export function isTopologyDown(error: unknown): error is TopologyError {
  return error instanceof TopologyError && passing.has(error.failure);
}
