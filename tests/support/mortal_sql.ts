/** SQL of a process that ends at its first change that lasts, together with all else that it does. */
import { SqlError } from "../../postgres/sql/errors.ts";
import type { SqlClient } from "../../postgres/sql/sql_client.ts";
import { isWrite, type Transport, TransportError } from "../../kube/transport.ts";

/** Whether the process has ended, and at what. */
export interface Fate {
  dead: boolean;
  at?: string;
  /** Whether the process may end at this; always when absent. */
  readonly mayEndAt?: (what: string) => boolean;
}

/** Changes that leave a trace; flushing, counting and ending sessions may happen again at every life. */
const LASTING = /^(CREATE|ALTER|DROP|REFRESH)|pg_create_logical|pg_drop_replication|setval/;

/** @param fate shared with {@link mortalTransport} */
export function mortalSql(inner: SqlClient, fate: Fate): SqlClient {
  const refuse = () => {
    if (fate.dead) throw new SqlError("fenced", "The process has ended");
  };
  return {
    async connect(target, options) {
      refuse();
      const session = await inner.connect(target, options);
      return {
        async ask(statement, more) {
          refuse();
          return await session.ask(statement, more);
        },
        async change(statements, more) {
          refuse();
          const lasting = statements.find(({ text }) => LASTING.test(text));
          await session.change(statements, more);
          if (lasting === undefined) return;
          end(fate, lasting.text.slice(0, 80));
          refuse();
        },
        [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
      };
    },
  };
}

/** Ends the process after its first write that the API server carries out; events do not count. */
export function mortalTransport(transport: Transport, fate: Fate): void {
  const live = transport.request.bind(transport);
  transport.request = async (request) => {
    if (fate.dead) throw new TransportError("broken", "The process has ended");
    const counts = isWrite(request.method) && !/\/events(\?|$)/.test(request.path);
    const answer = await live(request);
    if (!counts || answer.status >= 400) return answer;
    end(fate, `${request.method} ${request.path.split("?")[0]}`);
    if (fate.dead) throw new TransportError("broken", "The process has ended");
    return answer;
  };
}

function end(fate: Fate, at: string): void {
  if (fate.dead || fate.mayEndAt?.(at) === false) return;
  fate.dead = true;
  fate.at = at;
}
