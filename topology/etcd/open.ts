/** The way to etcd, which costs nothing before it is taken. */
import { type Clock, systemClock } from "../../kube/clock.ts";
import type { CallOptions, Entry, Listing, TopologyStore, Write, WriteResult } from "../store.ts";
import type { EtcdConnection } from "./connection.ts";
import type { EndpointsOptions } from "./endpoints.ts";

export interface EtcdOptions {
  readonly clock?: Clock;
  /** Time limit of a call that names none, in milliseconds: 5 s. */
  readonly timeoutMs?: number;
  /** Time in which one endpoint must accept a connection, before the next one is tried, in milliseconds: 1 s. */
  readonly connectMs?: number;
  /** Unused connections are closed after so many milliseconds: 60 s. */
  readonly idleMs?: number;
}

/**
 * A store that connects when it is first asked for something, and again after its connection ended or was idle. Settings
 * that cannot be used are found then too: each call ends as `invalid`. gRPC itself is loaded with the first call: 13 MB
 * that an operator without Multigres clusters does without.
 */
export function openEtcd(connection: EtcdConnection, options: EtcdOptions = {}): TopologyStore {
  const { clock = systemClock, timeoutMs = 5_000, connectMs = 1_000, idleMs = 60_000 } = options;
  return new LateStore(connection, { tls: connection.tls ?? {}, clock, timeoutMs, connectMs, idleMs });
}

class LateStore implements TopologyStore {
  #loading: Promise<TopologyStore> | undefined;
  #loaded: TopologyStore | undefined;
  #closed = false;

  constructor(private readonly connection: EtcdConnection, private readonly options: EndpointsOptions) {}

  async get(key: string, options?: CallOptions): Promise<Entry | undefined> {
    return await (await this.#store()).get(key, options);
  }

  async list(prefix: string, options?: CallOptions): Promise<Listing> {
    return await (await this.#store()).list(prefix, options);
  }

  async write(write: Write, options?: CallOptions): Promise<WriteResult> {
    return await (await this.#store()).write(write, options);
  }

  close(): void {
    this.#closed = true;
    this.#loaded?.close();
  }

  #store(): Promise<TopologyStore> {
    return this.#loading ??= this.#load();
  }

  async #load(): Promise<TopologyStore> {
    const { checkTls, originsOf } = await import("./connection.ts");
    checkTls(this.options.tls);
    const { EtcdStore } = await import("./etcd_store.ts");
    const store = new EtcdStore(originsOf(this.connection), this.options);
    if (this.#closed) store.close();
    this.#loaded = store;
    return store;
  }
}
