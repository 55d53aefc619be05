/** What went wrong between the operator and a PostgreSQL server. */

/**
 * | failure     | what it means                                                        | may it have been carried out |
 * | ----------- | -------------------------------------------------------------------- | ---------------------------- |
 * | unreachable | no connection, or the server is starting or stopping                 | no                           |
 * | broken      | the connection ended before the answer                               | yes                          |
 * | untrusted   | the certificate does not prove who the server is, or it has no TLS   | no                           |
 * | auth        | user, password or `pg_hba.conf`                                      | no                           |
 * | timeout     | no answer in time; the server is told to give up                     | yes                          |
 * | read-only   | a standby, or a session that may only read                           | no                           |
 * | overloaded  | no connection, memory or disk is left for it                         | no                           |
 * | missing     | the database to connect to does not exist                            | no                           |
 * | conflict    | somebody else uses, locks or has just made the thing                 | no                           |
 * | dependent   | other objects need what is to be dropped                             | no                           |
 * | refused     | the server does not do it: trying again as it is changes nothing     | no                           |
 * | fenced      | this process may not change anything any more                        | no                           |
 * | aborted     | the caller gave up                                                   | yes                          |
 */
export type SqlFailure =
  | "unreachable"
  | "broken"
  | "untrusted"
  | "auth"
  | "timeout"
  | "read-only"
  | "overloaded"
  | "missing"
  | "conflict"
  | "dependent"
  | "refused"
  | "fenced"
  | "aborted";

export class SqlError extends Error {
  override readonly name = "SqlError";
  /** @param sqlState the five characters by which PostgreSQL names an error; undefined when it did not answer */
  constructor(
    readonly failure: SqlFailure,
    message: string,
    readonly sqlState?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Failures about one statement only: the session is as good as before, and other statements may well succeed. */
const ABOUT_STATEMENT: ReadonlySet<SqlFailure> = new Set(["conflict", "dependent", "refused"]);

/** Whether an error is about the one statement that met it, not about server, session or caller. */
export function isAboutStatement(error: unknown): error is SqlError {
  return error instanceof SqlError && ABOUT_STATEMENT.has(error.failure);
}
