/** From the terms of the seam to messages of etcd, and back. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { Entry, Write, WriteResult } from "../store.ts";
import {
  Compare_CompareResult as Result,
  Compare_CompareTarget as Target,
  type CompareSchema,
  type KeyValue,
  type RequestOpSchema,
  type TxnRequest,
  TxnRequestSchema,
  type TxnResponse,
} from "../gen/etcd_kv_pb.ts";

type Comparison = MessageInitShape<typeof CompareSchema>;
type Operation = MessageInitShape<typeof RequestOpSchema>;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function bytesOf(key: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(key);
}

export function entryOf({ key, value, modRevision }: KeyValue): Entry {
  return { key: decoder.decode(key), value, revision: modRevision };
}

/**
 * The first key after all keys that begin with `prefix`: its last byte one higher, without bytes that cannot be higher.
 * A zero byte means "to the end of all keys".
 */
export function endOfPrefix(prefix: Uint8Array): Uint8Array<ArrayBuffer> {
  const end = prefix.slice();
  for (let length = end.length; length > 0; length--) {
    const last = end[length - 1] ?? 0;
    if (last < 0xff) {
      end[length - 1] = last + 1;
      return end.slice(0, length);
    }
  }
  return new Uint8Array(1);
}

/** The key right after `key`. */
export function nextKey(key: Uint8Array): Uint8Array<ArrayBuffer> {
  const next = new Uint8Array(key.length + 1);
  next.set(key);
  return next;
}

/** One step: compare, then write; where the comparison fails, the key as it is comes back instead. */
export function txnOf(write: Write): TxnRequest {
  const key = bytesOf(write.key);
  return create(TxnRequestSchema, {
    compare: comparisonsOf(write, key),
    success: [operationOf(write, key)],
    failure: [{ request: { case: "requestRange", value: { key } } }],
  });
}

function comparisonsOf(write: Write, key: Uint8Array<ArrayBuffer>): Comparison[] {
  // A key that does not exist compares as revision 0.
  const revision = write.kind === "create" ? 0n : write.revision;
  const same: Comparison = {
    key,
    result: Result.EQUAL,
    target: Target.MOD,
    targetUnion: { case: "modRevision", value: revision },
  };
  if (write.kind !== "delete" || write.unchanged === undefined) return [same];
  const prefix = bytesOf(write.unchanged.prefix);
  return [same, {
    key: prefix,
    rangeEnd: endOfPrefix(prefix),
    result: Result.LESS,
    target: Target.MOD,
    targetUnion: { case: "modRevision", value: write.unchanged.revision + 1n },
  }];
}

function operationOf(write: Write, key: Uint8Array<ArrayBuffer>): Operation {
  switch (write.kind) {
    case "create":
    case "update":
      return { request: { case: "requestPut", value: { key, value: write.value.slice() } } };
    case "delete":
      return { request: { case: "requestDeleteRange", value: { key } } };
  }
}

export function resultOf({ succeeded, header, responses }: TxnResponse): WriteResult {
  if (succeeded) return { kind: "written", revision: header?.revision ?? 0n };
  const answer = responses[0]?.response;
  const found = answer?.case === "responseRange" ? answer.value.kvs[0] : undefined;
  return { kind: "conflict", current: found === undefined ? undefined : entryOf(found) };
}
