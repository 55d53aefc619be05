/** A store that keeps all it is given below a prefix: several etcds in one. */
import type { Entry, TopologyStore, Write } from "../../topology/store.ts";

/** @param prefix begins with a slash and does not end in one */
export function prefixedStore<S extends TopologyStore>(inner: S, prefix: string): TopologyStore & Disposable {
  const shown = (entry: Entry): Entry => ({ ...entry, key: entry.key.slice(prefix.length) });
  return {
    async get(key, options) {
      const entry = await inner.get(prefix + key, options);
      return entry === undefined ? undefined : shown(entry);
    },
    async list(below, options) {
      const { entries, revision } = await inner.list(prefix + below, options);
      return { entries: entries.map(shown), revision };
    },
    async write(write, options) {
      const result = await inner.write(moved(write, prefix), options);
      if (result.kind === "written" || result.current === undefined) return result;
      return { kind: "conflict", current: shown(result.current) };
    },
    close: () => inner.close(),
    [Symbol.dispose]: () => inner.close(),
  };
}

function moved(write: Write, prefix: string): Write {
  const key = prefix + write.key;
  if (write.kind !== "delete" || write.unchanged === undefined) return { ...write, key };
  return { ...write, key, unchanged: { ...write.unchanged, prefix: prefix + write.unchanged.prefix } };
}
