/** Records as they are stored: decoded, with the revision that a write is compared with. */
import { clone, create, type DescMessage, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { TopologyError } from "../errors.ts";
import type { Entry, Write } from "../store.ts";

export interface Stored<T> {
  readonly key: string;
  readonly revision: bigint;
  /** Holds on to fields that this version does not know. */
  readonly record: T;
}

/** @throws TopologyError `unreadable`, with the key and what to do. */
export function decode<Desc extends DescMessage>(schema: Desc, entry: Entry): Stored<MessageShape<Desc>> {
  try {
    return { key: entry.key, revision: entry.revision, record: fromBinary(schema, entry.value) };
  } catch (error) {
    throw new TopologyError(
      "unreadable",
      `Cannot read ${entry.key} of the topology as its ${entry.value.length} bytes are no ${schema.name}; ` +
        "find out who wrote it, or delete the key",
      { cause: error },
    );
  }
}

/** The write that makes a record, if there is none yet. */
export function creationOf<Desc extends DescMessage>(
  schema: Desc,
  key: string,
  fill: (record: MessageShape<Desc>) => void,
): Write {
  const record = create(schema);
  fill(record);
  return { kind: "create", key, value: toBinary(schema, record) };
}

/**
 * The write that makes `stored` what `change` makes of a copy, or undefined when nothing would be different. Fields that
 * `change` does not touch stay, those that this version does not know among them.
 */
export function updateOf<Desc extends DescMessage>(
  schema: Desc,
  stored: Stored<MessageShape<Desc>>,
  change: (record: MessageShape<Desc>) => void,
): Write | undefined {
  const changed = clone(schema, stored.record);
  change(changed);
  const value = toBinary(schema, changed);
  if (sameBytes(value, toBinary(schema, stored.record))) return undefined;
  return { kind: "update", key: stored.key, value, revision: stored.revision };
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
