/** An older server and a newer one, as an upgrade has them, and their clients. */
import { join } from "node:path";
import { copyScript, copyVariables } from "../../controllers/postgres_upgrade/copy_script.ts";
import { connectionString } from "../../controllers/postgres_upgrade/sql_replication.ts";
import { ground } from "../ground/ground.ts";
import { spawnGuarded } from "../ground/guard.ts";
import { PrivatePostgres, SUPERUSER_PASSWORD } from "./private_postgres.ts";

/** Settings that Patroni's clusters have. */
const settings = ["wal_level=logical", "max_connections=60"];

export class UpgradeServers implements AsyncDisposable {
  private constructor(readonly source: PrivatePostgres, readonly target: PrivatePostgres) {}

  static async start(): Promise<UpgradeServers> {
    const { olderPostgres } = ground();
    if (olderPostgres === undefined) throw new Error("Cannot upgrade as this ground has no older server");
    await using stack = new AsyncDisposableStack();
    const start = async (program?: string) =>
      stack.use(
        await PrivatePostgres.start({
          serverName: "localhost",
          tls: false,
          settings,
          ...(program === undefined ? {} : { program }),
        }),
      );
    const [source, target] = [await start(olderPostgres), await start()];
    stack.move();
    return new UpgradeServers(source, target);
  }

  #copied: Promise<void> | undefined;

  /** As {@link copyDefinitions}, the first time that it is called. */
  copyOnce(): Promise<void> {
    this.#copied ??= this.copyDefinitions();
    return this.#copied;
  }

  /** Does what the Job of an upgrade does, with the script that it has. @throws Error with what the script says */
  async copyDefinitions(): Promise<void> {
    const { postgresTools } = ground();
    if (postgresTools === undefined) {
      throw new Error("Cannot copy definitions as this ground has no programs for it");
    }
    const log = join(this.target.folder.path, "copy.log");
    const script = spawnGuarded({
      program: "sh",
      args: ["-c", `PATH="$TOOLS:$PATH"\n${copyScript}`],
      log,
      env: {
        TOOLS: postgresTools,
        [copyVariables.source]: login(this.source),
        [copyVariables.target]: login(this.target),
        [copyVariables.sourcePassword]: SUPERUSER_PASSWORD,
        [copyVariables.targetPassword]: SUPERUSER_PASSWORD,
        [copyVariables.scratch]: this.target.folder.path,
      },
    });
    const { success } = await script.ended;
    if (!success) throw new Error(`Cannot copy definitions:\n${await Deno.readTextFile(log)}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.source[Symbol.asyncDispose]();
    await this.target[Symbol.asyncDispose]();
  }
}

function login({ port }: PrivatePostgres): string {
  return connectionString({
    host: "127.0.0.1",
    port: String(port),
    user: "postgres",
    dbname: "postgres",
    sslmode: "prefer",
  });
}
