/**
 * The seam between the operator and PostgreSQL: all SQL goes through an {@link SqlClient}. Tests wrap one to count, delay,
 * fail, or to lead it to another address.
 */
import type { Fence } from "../../kube/fence.ts";
import { SqlError } from "./errors.ts";

/** A server and a database in it, and as whom to log in. */
export interface SqlTarget {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  /** Absent: without TLS. */
  readonly tls?: SqlTls;
}

export interface SqlTls {
  /** Name that the server's certificate must bear. */
  readonly serverName: string;
  /** Authorities that may vouch for it; those of the system when absent. */
  readonly caPem?: string;
}

export type SqlValue = string | number | boolean | null | readonly string[];

/** One statement. Values are bound to `$1`, `$2` …, where the server takes any: in questions, not in definitions. */
export interface Statement {
  readonly text: string;
  readonly params?: readonly SqlValue[];
}

export type Row = Readonly<Record<string, unknown>>;

export interface SqlOptions {
  /** Time for each statement, in milliseconds; the client's own limit when absent. */
  readonly timeoutMs?: number;
  /** Cuts the call short; the session is then of no use any more. */
  readonly signal?: AbortSignal;
}

/** One connection. What was asked of it is done in order. All methods throw {@link SqlError}. */
export interface SqlSession extends AsyncDisposable {
  /** A question, which changes nothing. */
  ask(statement: Statement, options?: SqlOptions): Promise<readonly Row[]>;
  /** Changes: one statement by itself, several in one transaction, so that all of them happen or none. */
  change(statements: readonly Statement[], options?: SqlOptions): Promise<void>;
}

export interface SqlClient {
  /** @throws SqlError */
  connect(target: SqlTarget, options?: SqlOptions): Promise<SqlSession>;
}

/** A client that asks freely and changes something only while `fence` allows it. */
export function fencedSqlClient(inner: SqlClient, fence: Fence): SqlClient {
  return {
    async connect(target, options) {
      const session = await inner.connect(target, options);
      return {
        ask: (statement, more) => session.ask(statement, more),
        async change(statements, more) {
          const refusal = fence.refusal();
          if (refusal !== undefined) {
            throw new SqlError("fenced", `Cannot change anything on ${target.host} as ${refusal}`);
          }
          await session.change(statements, more);
        },
        [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
      };
    },
  };
}
