/** A PostgreSQL server for one test alone, over TLS on loopback, which may be stopped, started again, and frozen. */
import { dirname, join } from "node:path";
import { systemClock } from "../../kube/clock.ts";
import { PgSqlClient } from "../../postgres/sql/pg_client.ts";
import type { Row, SqlClient, SqlSession, SqlTarget, SqlValue } from "../../postgres/sql/sql_client.ts";
import { ground } from "../ground/ground.ts";
import { type GuardedProcess, type KeptFolder, spawnGuarded, temporaryFolder } from "../ground/guard.ts";
import { type Authority, createAuthority } from "../ground/pki.ts";
import { freePort } from "../ground/ports.ts";
import { waitFor } from "../ground/wait_for.ts";

/**
 * PostgreSQL does not run as root. Where the tests do, it gets a namespace of users of its own, in which it is somebody
 * else, though its files are ours.
 */
const asSomebody =
  'if [ "$(id -u)" = 0 ]; then exec unshare --user --map-user=1000 --map-group=1000 "$@"; fi; exec "$@"';

/** Password of the superuser `postgres`. */
export const SUPERUSER_PASSWORD = "it's a secret";

export interface PostgresOptions {
  /** Name in the server's certificate. */
  readonly serverName: string;
  readonly tls?: boolean;
  /** Path of the program; the ground's server when absent. */
  readonly program?: string;
  /** `name=value`, beside those that every server here has. */
  readonly settings?: readonly string[];
}

export class PrivatePostgres implements AsyncDisposable {
  readonly port = freePort();
  #process: GuardedProcess | undefined;

  private constructor(
    readonly authority: Authority,
    readonly folder: KeptFolder,
    readonly options: PostgresOptions,
  ) {}

  /** Makes an empty server and waits until it serves. */
  static async start(options: PostgresOptions): Promise<PrivatePostgres> {
    const folder = await temporaryFolder("matriarch-postgres-");
    const server = new PrivatePostgres(await createAuthority(), folder, options);
    try {
      await server.#initialise();
      await server.start();
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  /** Starts the program on the same port with the same data. */
  async start(settings: readonly string[] = []): Promise<void> {
    const fixed = [
      "listen_addresses=127.0.0.1",
      "unix_socket_directories=",
      "fsync=off",
      "logging_collector=off",
      "log_statement=all",
      ...(this.options.tls === false
        ? []
        : ["ssl=on", "ssl_cert_file=server.crt", "ssl_key_file=server.key"]),
      ...this.options.settings ?? [],
      ...settings,
    ];
    const flags = fixed.flatMap((setting) => ["-c", setting]);
    const process = this.#spawn("postgres", ["-D", this.#data, "-p", String(this.port), ...flags]);
    this.#process = process;
    const hopeless = () => process.running() ? undefined : Deno.readTextFileSync(this.#log).slice(-2000);
    await waitFor("PostgreSQL to serve", async () => {
      await using _session = await this.connect();
      return true;
    }, { hopeless });
  }

  /** @param signal `SIGINT` ends sessions and writes everything down; `SIGKILL` is a crash. */
  async stop(signal: "SIGINT" | "SIGKILL" = "SIGINT"): Promise<void> {
    await this.#process?.stop(signal);
  }

  /** A standby is what a server with this file thinks it is; it takes no writes. */
  async becomeStandby(): Promise<void> {
    await this.stop();
    await Deno.writeTextFile(join(this.#data, "standby.signal"), "");
    await this.start(["hot_standby=on"]);
  }

  async becomePrimary(): Promise<void> {
    await this.stop();
    await Deno.remove(join(this.#data, "standby.signal"));
    await this.start();
  }

  /** Connections stay open and nothing answers. */
  async freeze(): Promise<void> {
    await this.#signalAll("STOP");
  }

  async thaw(): Promise<void> {
    await this.#signalAll("CONT");
  }

  /** Everything that the server was told to do, and said. */
  async log(): Promise<string> {
    return await Deno.readTextFile(this.#log);
  }

  get target(): SqlTarget {
    const { serverName, tls } = this.options;
    return {
      host: "127.0.0.1",
      port: this.port,
      database: "postgres",
      user: "postgres",
      password: SUPERUSER_PASSWORD,
      ...(tls === false ? {} : { tls: { serverName, caPem: this.authority.caPem } }),
    };
  }

  async connect(changed: Partial<SqlTarget> = {}): Promise<SqlSession> {
    return await ownClient.connect({ ...this.target, ...changed });
  }

  /** Asks as the superuser. */
  async ask(text: string, params: readonly SqlValue[] = [], database = "postgres"): Promise<readonly Row[]> {
    await using session = await this.connect({ database });
    return await session.ask({ text, params });
  }

  /** Changes something by hand, as the superuser. */
  async run(text: string, database = "postgres"): Promise<void> {
    await using session = await this.connect({ database });
    await session.change([{ text: "SET search_path = public" }]);
    await session.change([{ text }]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGKILL");
    await this.folder[Symbol.asyncDispose]();
  }

  async #initialise(): Promise<void> {
    const passwords = join(this.folder.path, "password");
    await Deno.writeTextFile(passwords, SUPERUSER_PASSWORD, { mode: 0o600 });
    const login = ["-U", "postgres", "-A", "scram-sha-256", `--pwfile=${passwords}`];
    const made = this.#spawn("initdb", ["-D", this.#data, ...login, "--no-sync", "-E", "UTF8", "--locale=C"]);
    if (!(await made.ended).success) throw new Error(`Cannot make a server:\n${await this.log()}`);
    const { options, authority } = this;
    const serving = await authority.issueServer([options.serverName], []);
    const file = (name: string) => join(this.#data, name);
    await Deno.writeTextFile(file("server.crt"), serving.certPem);
    await Deno.writeTextFile(file("server.key"), serving.keyPem, { mode: 0o600 });
    const type = options.tls === false ? "host" : "hostssl";
    await Deno.writeTextFile(file("pg_hba.conf"), `${type} all all 127.0.0.1/32 scram-sha-256\n`);
  }

  #spawn(program: "initdb" | "postgres", args: readonly string[]): GuardedProcess {
    const { program: postgres = ground().postgres } = this.options;
    if (postgres === undefined) throw new Error("Cannot start PostgreSQL as this ground has none");
    const path = join(dirname(postgres), program);
    return spawnGuarded({ program: "sh", args: ["-c", asSomebody, "sh", path, ...args], log: this.#log });
  }

  /** To the server and all of its sessions. */
  async #signalAll(name: "STOP" | "CONT"): Promise<void> {
    const script = 'kill -s "$1" "$2" $(cat "/proc/$2/task/$2/children")';
    const { success } = await new Deno.Command("sh", {
      args: ["-c", script, "sh", name, String(this.#process?.pid)],
      stderr: "inherit",
    }).output();
    if (!success) throw new Error(`Cannot send ${name} to PostgreSQL`);
  }

  get #data(): string {
    return join(this.folder.path, "data");
  }

  get #log(): string {
    return join(this.folder.path, "log");
  }
}

const ownClient: SqlClient = new PgSqlClient({
  clock: systemClock,
  connectMs: 5_000,
  statementMs: 20_000,
  lockMs: 5_000,
});
