/** SQL that reaches the test's server instead of a Service, counts what is said, and can be made to fail. */
import { systemClock } from "../../../kube/clock.ts";
import { SqlError } from "../../../postgres/sql/errors.ts";
import { PgSqlClient } from "../../../postgres/sql/pg_client.ts";
import type {
  SqlClient,
  SqlOptions,
  SqlSession,
  SqlTarget,
  Statement,
} from "../../../postgres/sql/sql_client.ts";

export class TestSql implements SqlClient {
  /** Targets that were connected to. */
  readonly targets: SqlTarget[] = [];
  /** Changes, several statements of a transaction in one. */
  readonly changes: string[] = [];
  /** Called with the number of each change, before and after it; it may throw. */
  onChange: (when: "before" | "after", number: number) => void = () => undefined;
  readonly #inner = new PgSqlClient({
    clock: systemClock,
    connectMs: 1_500,
    statementMs: 5_000,
    lockMs: 3_000,
  });

  constructor(private readonly port: number) {}

  async connect(target: SqlTarget, options?: SqlOptions): Promise<SqlSession> {
    this.targets.push(target);
    const session = await this.#inner.connect({ ...target, host: "127.0.0.1", port: this.port }, options);
    return {
      ask: (statement, more) => session.ask(statement, more),
      change: (statements, more) => this.#change(session, statements, more),
      [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
    };
  }

  async #change(session: SqlSession, statements: readonly Statement[], options?: SqlOptions): Promise<void> {
    const number = this.changes.push(statements.map(({ text }) => text).join("; "));
    this.onChange("before", number);
    await session.change(statements, options);
    this.onChange("after", number);
  }
}

/** Ends the process, as far as the server can tell, before or after its n-th change. */
export function dieAtChange(sql: TestSql, n: number, when: "before" | "after"): { readonly dead: boolean } {
  const fate = { dead: false };
  sql.onChange = (moment, number) => {
    if (moment === when && number === n) fate.dead = true;
    if (fate.dead) throw new SqlError("aborted", "The process has ended");
  };
  return fate;
}
