/** A place of its own in the etcd of the shared cluster, and stores that let others write in between. */
import { openEtcd } from "../../topology/etcd/open.ts";
import type { Entry, TopologyStore, Write, WriteResult } from "../../topology/store.ts";
import { ownsCluster, sharedCluster } from "../ground/ground.ts";

/** The place that a test is given. */
export interface TopologyPlace {
  readonly store: TopologyStore;
  readonly root: string;
  /** Writes without looking: what some other program does. */
  put(key: string, value: Uint8Array): Promise<void>;
}

/** A test with an empty topology root on a real etcd; skipped when the cluster is not ours. */
export function topologyTest(
  name: string,
  fn: (place: TopologyPlace, t: Deno.TestContext) => Promise<void>,
): void {
  const owned = ownsCluster();
  Deno.test({
    name: owned ? name : `${name} (skipped: the cluster is not ours)`,
    ignore: !owned,
    async fn(t) {
      const store = openEtcd({ endpoints: [sharedCluster().etcd ?? ""] }, { timeoutMs: 20_000 });
      const root = `/matriarch-test/${crypto.randomUUID()}`;
      try {
        await fn({ store, root, put: (key, value) => put(store, key, value) }, t);
      } finally {
        const { entries } = await store.list(`${root}/`);
        for (const { key, revision } of entries) await store.write({ kind: "delete", key, revision });
        store.close();
      }
    },
  });
}

/** Writes whatever is there, again and again if need be. */
export async function put(store: TopologyStore, key: string, value: Uint8Array): Promise<void> {
  for (let current = await store.get(key);;) {
    const write: Write = current === undefined
      ? { kind: "create", key, value }
      : { kind: "update", key, value, revision: current.revision };
    const result = await store.write(write);
    if (result.kind === "written") return;
    current = result.current;
  }
}

/** The keys below a root, without the root. */
export async function keysBelow({ store, root }: TopologyPlace): Promise<string[]> {
  const { entries } = await store.list(`${root}/`);
  return entries.map(({ key }) => key.slice(root.length + 1));
}

/** The entry of a key that must be there. */
export async function present(store: TopologyStore, key: string): Promise<Entry> {
  const entry = await store.get(key);
  if (entry === undefined) throw new Error(`There is no ${key}`);
  return entry;
}

/** A store before whose writes something else happens; it counts what it is asked. */
export class InterruptedStore implements TopologyStore {
  reads = 0;
  readonly writes: Write[] = [];

  /** @param before what happens between the caller's last read and its write */
  constructor(
    private readonly inner: TopologyStore,
    private readonly before: (write: Write, index: number) => Promise<void> = () => Promise.resolve(),
  ) {}

  async get(key: string): Promise<Entry | undefined> {
    this.reads++;
    return await this.inner.get(key);
  }

  async list(prefix: string) {
    this.reads++;
    return await this.inner.list(prefix);
  }

  async write(write: Write): Promise<WriteResult> {
    this.writes.push(write);
    await this.before(write, this.writes.length - 1);
    return await this.inner.write(write);
  }

  close(): void {}
}
