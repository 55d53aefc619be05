/** An etcd for one test alone, which may be stopped, started again, frozen, and asked for certificates. */
import { join } from "node:path";
import { type EtcdOptions, openEtcd } from "../../topology/etcd/open.ts";
import type { TopologyStore } from "../../topology/store.ts";
import { etcdArguments, type Layout } from "../ground/commands.ts";
import { ground } from "../ground/ground.ts";
import { type GuardedProcess, type KeptFolder, spawnGuarded, temporaryFolder } from "../ground/guard.ts";
import { type Authority, createAuthority } from "../ground/pki.ts";
import { freePort } from "../ground/ports.ts";
import { waitFor } from "../ground/wait_for.ts";

/** `plain`: HTTP. `server`: TLS. `mutual`: TLS, and clients must have a certificate too. */
export type Security = "plain" | "server" | "mutual";

export class PrivateEtcd implements AsyncDisposable {
  readonly layout: Layout;
  #process: GuardedProcess | undefined;

  private constructor(
    readonly authority: Authority,
    readonly folder: KeptFolder,
    readonly security: Security,
    private readonly flags: readonly string[],
  ) {
    this.layout = {
      folder: folder.path,
      etcdPort: freePort(),
      etcdPeerPort: freePort(),
      apiPort: freePort(),
    };
  }

  /**
   * Starts one and waits until it serves. Whose ports were taken in the meantime is made anew.
   * @param flags more of them: of those that are given twice, the last counts
   */
  static async start(security: Security = "plain", flags: readonly string[] = []): Promise<PrivateEtcd> {
    for (let attempt = 1;; attempt++) {
      const etcd = await PrivateEtcd.#make(security, flags);
      try {
        await etcd.start();
        return etcd;
      } catch (error) {
        await etcd[Symbol.asyncDispose]();
        if (attempt === 3 || !String(error).includes("address already in use")) throw error;
      }
    }
  }

  static async #make(security: Security, flags: readonly string[]): Promise<PrivateEtcd> {
    const authority = await createAuthority();
    const folder = await temporaryFolder("matriarch-etcd-");
    const etcd = new PrivateEtcd(authority, folder, security, flags);
    const serving = await authority.issueServer(["localhost"], ["127.0.0.1"]);
    await Deno.writeTextFile(join(folder.path, "ca.crt"), authority.caPem);
    await Deno.writeTextFile(join(folder.path, "etcd.crt"), serving.certPem);
    await Deno.writeTextFile(join(folder.path, "etcd.key"), serving.keyPem, { mode: 0o600 });
    return etcd;
  }

  get endpoint(): string {
    return `${this.security === "plain" ? "http" : "https"}://127.0.0.1:${this.layout.etcdPort}`;
  }

  /** A store that may do everything. */
  async open(options: EtcdOptions = {}): Promise<TopologyStore> {
    const tls = { caPem: this.authority.caPem, ...await this.authority.issueClient({ user: "operator" }) };
    const endpoints = [this.endpoint];
    return openEtcd(this.security === "plain" ? { endpoints } : { endpoints, tls }, options);
  }

  /** Starts the program on the same port with the same data. */
  async start(): Promise<void> {
    const program = ground().binaries.etcd;
    if (program === undefined) throw new Error("Cannot start etcd as this ground has none");
    const log = join(this.folder.path, "etcd.log");
    const process = spawnGuarded({
      program,
      args: [...etcdArguments(this.layout), ...this.#ownArguments(), ...this.flags],
      log,
    });
    this.#process = process;
    const store = await this.open();
    try {
      const hopeless = () => process.running() ? undefined : Deno.readTextFileSync(log).slice(-2000);
      await waitFor("etcd to serve", async () => {
        await store.get("/any");
        return true;
      }, { hopeless });
    } finally {
      store.close();
    }
  }

  async stop(): Promise<void> {
    await this.#process?.stop("SIGKILL");
  }

  /** Connections stay open and nothing answers. */
  async freeze(): Promise<void> {
    await this.#process?.freeze();
  }

  thaw(): void {
    this.#process?.signal("SIGCONT");
  }

  /** Files and sockets that the server has open. */
  async openFiles(): Promise<number> {
    const response = await fetch(`${this.#metrics}/metrics`, { headers: { connection: "close" } });
    return Number(/^process_open_fds (\d+)/m.exec(await response.text())?.[1]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.folder[Symbol.asyncDispose]();
  }

  #ownArguments(): string[] {
    const metrics = `--listen-metrics-urls=${this.#metrics}`;
    if (this.security === "plain") return [metrics];
    const file = (name: string) => join(this.folder.path, name);
    const mutual = [`--trusted-ca-file=${file("ca.crt")}`, "--client-cert-auth"];
    return [
      metrics,
      `--listen-client-urls=${this.endpoint}`,
      `--advertise-client-urls=${this.endpoint}`,
      `--cert-file=${file("etcd.crt")}`,
      `--key-file=${file("etcd.key")}`,
      ...(this.security === "mutual" ? mutual : []),
    ];
  }

  /** The port that a control plane would use for its API server. */
  get #metrics(): string {
    return `http://127.0.0.1:${this.layout.apiPort}`;
  }
}
