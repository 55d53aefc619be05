/** The way to PostgreSQL servers, which costs nothing before it is taken. */
import { systemClock } from "../../kube/clock.ts";
import type { PgOptions } from "./pg_client.ts";
import type { SqlClient } from "./sql_client.ts";

/**
 * A client for all servers. The driver is loaded with the first connection: an operator without databases to look after
 * does without.
 */
export function openSqlClient(options: Partial<PgOptions> = {}): SqlClient {
  const { clock = systemClock, connectMs = 5_000, statementMs = 30_000, lockMs = 5_000 } = options;
  let loading: Promise<SqlClient> | undefined;
  const load = async (): Promise<SqlClient> => {
    const { PgSqlClient } = await import("./pg_client.ts");
    return new PgSqlClient({ clock, connectMs, statementMs, lockMs });
  };
  return {
    async connect(target, more) {
      loading ??= load();
      return await (await loading).connect(target, more);
    },
  };
}
