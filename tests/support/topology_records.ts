/** Records of a topology for tests: encoded, with fields that nobody here knows, and a store that is only a map. */
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import fc from "fast-check";
import type { Entry, Write } from "../../topology/store.ts";

/** Fields of a later version: numbers and contents. */
export type UnknownFields = readonly { readonly number: number; readonly text: string }[];

export const unknownFields: fc.Arbitrary<UnknownFields> = fc.uniqueArray(
  fc.record({ number: fc.integer({ min: 100, max: 2000 }), text: fc.string({ maxLength: 8 }) }, {
    noNullPrototype: true,
  }),
  { maxLength: 4, selector: ({ number }) => number },
);

/** A record with more fields than its schema has, as a newer component would write it. */
export function encode<Desc extends DescMessage>(
  schema: Desc,
  fields: MessageInitShape<Desc>,
  more: UnknownFields = [],
): Uint8Array {
  const writer = new BinaryWriter().raw(toBinary(schema, create(schema, fields)));
  for (const { number, text } of more) writer.tag(number, WireType.LengthDelimited).string(text);
  return writer.finish();
}

/** The fields of a message that its schema does not have. */
export function unknownOf<Desc extends DescMessage>(schema: Desc, value: Uint8Array): UnknownFields {
  const record: MessageShape<Desc> = fromBinary(schema, value);
  return (record.$unknown ?? []).map(({ no, data }) => ({
    number: no,
    text: new BinaryReader(data).string(),
  }));
}

/** What a write makes of keys, when nobody else writes. */
export function carryOutOn(
  entries: ReadonlyMap<string, Entry>,
  writes: readonly Write[],
): Map<string, Entry> {
  const after = new Map(entries);
  for (const write of writes) {
    if (write.kind === "delete") after.delete(write.key);
    else after.set(write.key, { key: write.key, value: write.value, revision: BigInt(after.size + 1000) });
  }
  return after;
}
