/** Starts and stops a control plane on loopback: free ports, a folder of its own, nothing shared with any other. */
import { join } from "node:path";
import { type AuditedRequest, auditPolicy, parseAudit } from "./audit.ts";
import type { Binaries, Program } from "./binaries.ts";
import { GroundClient } from "./client.ts";
import {
  apiServerArguments,
  controllerManagerArguments,
  etcdArguments,
  etcdEndpoint,
  kwokArguments,
  type Layout,
  schedulerArguments,
} from "./commands.ts";
import { type Connection, kubeconfigOf } from "./connection.ts";
import { createFakeNodes, stageFiles, waitForFakeNodes } from "./fake_nodes.ts";
import { type GuardedProcess, type KeptFolder, spawnGuarded, temporaryFolder } from "./guard.ts";
import { at } from "./json.ts";
import { type Authority, createAuthority, createSigningKeys, type Identity } from "./pki.ts";
import { freePort } from "./ports.ts";
import { waitUntil } from "./wait_for.ts";

/** How much is started: `api` is etcd and the API server; `all` adds controllers, scheduler and fake nodes. */
export type Parts = "api" | "all";

/** Programs that each choice of parts needs. */
export const programsOf: Readonly<Record<Parts, readonly Program[]>> = {
  api: ["etcd", "kube-apiserver"],
  all: ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"],
};

/** A running control plane. */
export interface ControlPlane extends AsyncDisposable {
  /** As cluster administrator (group `system:masters`). */
  readonly connection: Connection;
  readonly kubeconfigPath: string;
  /** Address of etcd, plain HTTP. */
  readonly etcd: string;
  /** Holds certificates, data and logs (`<program>.log`); removed at the end. */
  readonly folder: string;
  /** A connection as another user, to see what RBAC allows. */
  connectionAs(identity: Identity): Promise<Connection>;
  /** Writes a kubeconfig for a connection into the folder and returns its path. */
  writeKubeconfig(name: string, connection: Connection): Promise<string>;
  /** Ends the API server: SIGKILL unless told otherwise. The data stays in etcd. */
  stopApiServer(signal?: Deno.Signal): Promise<void>;
  /** Starts the API server again on the same port with the same certificates, and waits until it is ready. */
  startApiServer(): Promise<void>;
  /** Freezes the API server (SIGSTOP): connections stay open and nothing answers. */
  pauseApiServer(): Promise<void>;
  resumeApiServer(): void;
  /** Requests of the audited user so far. */
  auditedRequests(): Promise<AuditedRequest[]>;
  /** Process id of a running program, undefined when it does not run. */
  pidOf(program: Program): number | undefined;
  stop(): Promise<void>;
}

/** How often a start is tried: between the choice of a free port and its use, another process may take it. */
const attempts = 3;

/** Choices that few need. */
export interface PlaneOptions {
  /** Each request of this user is noted by the API server. */
  readonly auditedUser?: string;
}

/**
 * Starts a control plane and waits until it serves.
 * @throws Error with the end of the log of the program that ended early.
 */
export async function startControlPlane(
  parts: Parts,
  binaries: Binaries,
  options: PlaneOptions = {},
): Promise<ControlPlane> {
  for (let attempt = 1;; attempt++) {
    const plane = new LocalControlPlane(binaries, await temporaryFolder("matriarch-ground-"), options);
    try {
      await plane.start(parts);
      return plane;
    } catch (error) {
      await plane.stop();
      if (attempt === attempts || !isPortTaken(error)) throw error;
    }
  }
}

function isPortTaken(error: unknown): boolean {
  return error instanceof Error && error.message.includes("address already in use");
}

class LocalControlPlane implements ControlPlane {
  readonly folder: string;
  readonly kubeconfigPath: string;
  readonly #layout: Layout;
  readonly #processes = new Map<Program, GuardedProcess>();
  #authority: Authority | undefined;
  #connection: Connection | undefined;

  constructor(
    readonly binaries: Binaries,
    readonly keptFolder: KeptFolder,
    readonly options: PlaneOptions,
  ) {
    this.folder = keptFolder.path;
    this.kubeconfigPath = join(this.folder, "admin.kubeconfig");
    this.#layout = {
      folder: this.folder,
      etcdPort: freePort(),
      etcdPeerPort: freePort(),
      apiPort: freePort(),
    };
  }

  get etcd(): string {
    return etcdEndpoint(this.#layout);
  }

  get connection(): Connection {
    if (this.#connection === undefined) {
      throw new Error("Cannot connect to a control plane before it has started");
    }
    return this.#connection;
  }

  async start(parts: Parts): Promise<void> {
    this.#spawn("etcd", etcdArguments(this.#layout));
    await this.#writeCertificates();
    const { auditedUser } = this.options;
    if (auditedUser !== undefined) await this.#write("audit-policy.yaml", auditPolicy(auditedUser));
    await this.#waitForEtcd();
    await this.startApiServer();
    if (parts === "api") return;
    await this.#startTheRest();
  }

  async connectionAs(identity: Identity): Promise<Connection> {
    if (this.#authority === undefined) {
      throw new Error("Cannot issue certificates before the authority exists");
    }
    const server = `https://127.0.0.1:${this.#layout.apiPort}`;
    return { server, caPem: this.#authority.caPem, ...await this.#authority.issueClient(identity) };
  }

  async writeKubeconfig(name: string, connection: Connection): Promise<string> {
    return await this.#write(`${name}.kubeconfig`, kubeconfigOf(connection));
  }

  async stopApiServer(signal: Deno.Signal = "SIGKILL"): Promise<void> {
    await this.#processes.get("kube-apiserver")?.stop(signal, 30_000);
    this.#processes.delete("kube-apiserver");
  }

  async startApiServer(): Promise<void> {
    if (this.#processes.has("kube-apiserver")) {
      throw new Error("Cannot start the API server as it runs already");
    }
    this.#spawn("kube-apiserver", apiServerArguments(this.#layout, this.options.auditedUser !== undefined));
    using client = new GroundClient(this.connection);
    const ready = () => client.send("GET", "/readyz");
    const options = { hopeless: () => this.#whoDied(), timeoutMs: 60_000, intervalMs: 30 };
    await waitUntil("the API server to be ready", ready, (answer) => answer.status === 200, options);
  }

  async pauseApiServer(): Promise<void> {
    await this.#processes.get("kube-apiserver")?.freeze();
  }

  resumeApiServer(): void {
    this.#processes.get("kube-apiserver")?.signal("SIGCONT");
  }

  async auditedRequests(): Promise<AuditedRequest[]> {
    const log = await Deno.readTextFile(join(this.folder, "audit.log")).catch(ignoreMissing);
    return parseAudit(log ?? "");
  }

  pidOf(program: Program): number | undefined {
    const process = this.#processes.get(program);
    return process?.running() ? process.pid : undefined;
  }

  async stop(): Promise<void> {
    const processes = [...this.#processes.values()];
    this.#processes.clear();
    await Promise.all(processes.map((process) => process.stop("SIGKILL")));
    await this.keptFolder[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #startTheRest(): Promise<void> {
    // All three act as administrators: the fine-grained roles of the real ones are not what is under test.
    await Promise.all(["controller-manager", "scheduler", "kwok"].map(async (name) => {
      const connection = await this.connectionAs({ user: `ground:${name}`, groups: ["system:masters"] });
      await this.writeKubeconfig(name, connection);
    }));
    this.#spawn("kube-controller-manager", controllerManagerArguments(this.#layout));
    this.#spawn("kube-scheduler", schedulerArguments(this.#layout));
    this.#spawn("kwok", kwokArguments(this.#layout, stageFiles));
    using client = new GroundClient(this.connection);
    await createFakeNodes(client);
    await waitForFakeNodes(client, () => this.#whoDied());
  }

  async #writeCertificates(): Promise<void> {
    const authority = await createAuthority();
    this.#authority = authority;
    const serving = await authority.issueServer(["localhost", "kubernetes.default.svc"], [
      "127.0.0.1",
      "10.255.0.1",
    ]);
    const signing = await createSigningKeys();
    await this.#write("ca.crt", authority.caPem);
    await this.#write("ca.key", authority.caKeyPem);
    await this.#write("apiserver.crt", serving.certPem);
    await this.#write("apiserver.key", serving.keyPem);
    await this.#write("service-account.pub", signing.publicPem);
    await this.#write("service-account.key", signing.privatePem);
    this.#connection = await this.connectionAs({ user: "ground:admin", groups: ["system:masters"] });
    await this.writeKubeconfig("admin", this.#connection);
  }

  async #waitForEtcd(): Promise<void> {
    const options = { hopeless: () => this.#whoDied(), intervalMs: 30 };
    const probe = async () => {
      const response = await fetch(`${this.etcd}/health`, { signal: AbortSignal.timeout(2000) });
      const health: unknown = await response.json();
      return health;
    };
    await waitUntil("etcd to be healthy", probe, (health) => at(health, "health") === "true", options);
  }

  #spawn(program: Program, args: readonly string[]): void {
    const path = this.binaries[program];
    if (path === undefined) {
      throw new Error(`Cannot start ${program} as it was not asked for when binaries were built`);
    }
    const log = join(this.folder, `${program}.log`);
    this.#processes.set(program, spawnGuarded({ program: path, args, log }));
  }

  #whoDied(): string | undefined {
    for (const [program, process] of this.#processes) {
      if (!process.running()) return `${program} has ended; its log ends with\n${endOfFile(process.log)}`;
    }
    return undefined;
  }

  async #write(name: string, text: string): Promise<string> {
    const path = join(this.folder, name);
    await Deno.writeTextFile(path, text, { mode: 0o600 });
    return path;
  }
}

/** The log begins with the first request. */
function ignoreMissing(error: unknown): undefined {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

function endOfFile(path: string | undefined): string {
  return path === undefined ? "" : Deno.readTextFileSync(path).trimEnd().split("\n").slice(-15).join("\n");
}
