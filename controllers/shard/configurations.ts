/** The configurations of shards, put together again only when something that they are made of has changed. */
import { createHash } from "node:crypto";
import { configurationFor, type SettingSources, type ShardConfiguration } from "./settings.ts";

export class Configurations {
  readonly #known = new Map<
    string,
    { readonly digest: string; readonly configuration: ShardConfiguration }
  >();

  /** As {@link configurationFor}; the catalogue is taken to be the same each time. @param key of the shard */
  of(key: string, sources: SettingSources): ShardConfiguration {
    const digest = digestOf(sources);
    const known = this.#known.get(key);
    if (known?.digest === digest) return known.configuration;
    const configuration = configurationFor(sources);
    this.#known.set(key, { digest, configuration });
    return configuration;
  }

  forget(key: string): void {
    this.#known.delete(key);
  }
}

function digestOf({ shard: { metadata, spec }, cluster, referenced, before }: SettingSources): string {
  const sources = JSON.stringify([metadata.name, spec, cluster, referenced, before]);
  return createHash("sha256").update(sources).digest("base64");
}
