/** `psql`: a session with the primary, in its own container; kubectl owns the terminal. */
import { folders } from "../../controllers/shard/shape.ts";
import { POSTGRES_CONTAINER } from "../../controllers/postgres_cluster/shape.ts";
import { ports } from "../../api/multigres/ports.ts";
import { superuser } from "../../resolve/defaults.ts";
import { findCluster, type FoundCluster } from "../find.ts";
import { connectionAliases, type ConnectionFlags, connectionFlags } from "../flags.ts";
import { chosenGroup, groupsOf, primaryOf, shardFlag } from "../groups.ts";
import { openSession } from "../session.ts";
import type { Surroundings } from "../surroundings.ts";

export interface PsqlFlags extends ConnectionFlags {
  readonly shard?: string;
  readonly database?: string;
}

export const psqlParameters = {
  flags: {
    ...connectionFlags,
    shard: shardFlag,
    database: {
      kind: "parsed",
      brief: "Database to connect to (default: postgres, or that of the shard)",
      placeholder: "name",
      parse: (text: string) => text,
      optional: true,
    },
  },
  aliases: { ...connectionAliases, d: "database" },
  positional: {
    kind: "array",
    minimum: 1,
    parameter: {
      brief: "Cluster, and behind -- arguments of psql",
      placeholder: "cluster",
      parse: (text: string) => text,
    },
  },
} as const;

/** @returns the exit code of kubectl, which is that of psql */
export async function psql(
  flags: PsqlFlags,
  [name = "", ...args]: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  using session = await openSession(flags, surroundings);
  const found = await findCluster(session.client, name, session.namespace);
  const group = chosenGroup(await groupsOf(session, found), flags.shard, name);
  const primary = primaryOf(group);
  const database = flags.database ?? group.shard?.spec.databaseName ?? "postgres";
  const terminal = surroundings.stdinIsTerminal ? ["--stdin", "--tty"] : ["--stdin"];
  return await surroundings.kubectl.run([
    ...session.kubectlFlags,
    "exec",
    ...terminal,
    "--quiet",
    primary.name,
    `--container=${POSTGRES_CONTAINER}`,
    "--",
    ...psqlCommand(found, database, args),
  ], { kind: "terminal" });
}

/** Passwords stay in the container: there they are read from the file that it has. */
const WITH_PASSWORD = 'PGPASSWORD=$(cat "$POSTGRES_PASSWORD_FILE") exec psql "$@"';

export function psqlCommand(found: FoundCluster, database: string, args: readonly string[]): string[] {
  if (found.kind === "PostgresCluster") return ["psql", "-U", "postgres", "-d", database, ...args];
  const user = found.cluster.spec.postgresSuperuser || superuser;
  const where = ["-h", `${folders.pooler}/pg_sockets`, "-p", String(ports.postgres)];
  return ["sh", "-c", WITH_PASSWORD, "psql", ...where, "-U", user, "-d", database, ...args];
}
