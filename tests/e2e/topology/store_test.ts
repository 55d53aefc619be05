import assert from "node:assert/strict";
import fc from "fast-check";
import type { Write, WriteResult } from "../../../topology/store.ts";
import { keysBelow, present, topologyTest } from "../../support/topology.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (value: Uint8Array | undefined) => value && new TextDecoder().decode(value);

function revisionOf(result: WriteResult): bigint {
  assert.equal(result.kind, "written");
  return result.kind === "written" ? result.revision : 0n;
}

topologyTest(
  "a write is carried out only while the key is what was seen, and tells what it is otherwise",
  async ({ store, root }) => {
    const key = `${root}/k`;
    assert.equal(await store.get(key), undefined);
    const first = revisionOf(await store.write({ kind: "create", key, value: bytes("one") }));
    assert.deepEqual(await store.get(key), { key, value: bytes("one"), revision: first });

    const again = await store.write({ kind: "create", key, value: bytes("two") });
    assert.deepEqual(again, { kind: "conflict", current: { key, value: bytes("one"), revision: first } });

    const second = revisionOf(
      await store.write({ kind: "update", key, value: bytes("two"), revision: first }),
    );
    assert.ok(second > first);
    const late = await store.write({ kind: "update", key, value: bytes("three"), revision: first });
    assert.equal(late.kind === "conflict" && text(late.current?.value), "two");
    assert.equal((await store.write({ kind: "delete", key, revision: first })).kind, "conflict");

    revisionOf(await store.write({ kind: "delete", key, revision: second }));
    assert.deepEqual(await store.write({ kind: "update", key, value: bytes("x"), revision: second }), {
      kind: "conflict",
      current: undefined,
    });
  },
);

topologyTest(
  "a deletion that depends on a prefix is refused once anything below it was written",
  async ({ store, root, put }) => {
    const key = `${root}/cells/a`;
    const prefix = `${root}/databases/`;
    await put(key, bytes("cell"));
    const { revision } = await present(store, key);
    const before = await store.list(prefix);
    await put(`${prefix}x`, bytes("uses the cell"));
    const guarded = (seen: bigint) =>
      store.write({ kind: "delete", key, revision, unchanged: { prefix, revision: seen } });
    assert.equal((await guarded(before.revision)).kind, "conflict");
    const seen = await store.list(prefix);
    await put(`${root}/elsewhere`, bytes("does not matter"));
    assert.equal((await guarded(seen.revision)).kind, "written");
  },
);

topologyTest(
  "a list has all keys below its prefix, in order and of one moment, however many there are",
  async ({ store, root, put }) => {
    const count = 1_203;
    const name = (index: number) => `${root}/zone1/${String(index).padStart(4, "0")}`;
    for (let from = 0; from < count; from += 100) {
      const part = Array.from({ length: Math.min(100, count - from) }, (_, index) => name(from + index));
      await Promise.all(part.map((key) => store.write({ kind: "create", key, value: bytes(key) })));
    }
    await put(`${root}/zone10/0`, bytes("another cell"));
    let stop = false;
    const disturbing = (async () => {
      for (let turn = 0; !stop; turn++) await put(name(count - 1), bytes(`turn ${turn}`));
    })();
    for (let turn = 0; turn < 5; turn++) {
      const { entries, revision } = await store.list(`${root}/zone1/`);
      assert.deepEqual(
        entries.map(({ key }) => key),
        Array.from({ length: count }, (_, index) => name(index)),
      );
      assert.ok(entries.every((entry) => entry.revision <= revision), "nothing is newer than the listing");
    }
    stop = true;
    await disturbing;
  },
);

/** What an actor who last saw `revision` writes. */
function writeOf(does: "write" | "delete", key: string, value: Uint8Array, revision: bigint): Write {
  if (does === "delete") return { kind: "delete", key, revision };
  return revision === 0n ? { kind: "create", key, value } : { kind: "update", key, value, revision };
}

topologyTest(
  "a change that somebody else made since is never overwritten, in whatever order things happen",
  async ({ store, root }) => {
    const actor = fc.constantFrom("a", "b", "c");
    const does = fc.constantFrom("read" as const, "write" as const, "delete" as const);
    const story = fc.array(fc.record({ actor, does }), { maxLength: 25 });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(story, async (happenings) => {
        const key = `${root}/run-${run++}`;
        const seen = new Map<string, bigint>();
        let truth: Truth = { revision: 0n, value: undefined };
        for (const [index, { actor: who, does: what }] of happenings.entries()) {
          if (what === "read") {
            const entry = await store.get(key);
            assert.equal(text(entry?.value), truth.value);
            seen.set(who, entry?.revision ?? 0n);
            continue;
          }
          const revision = seen.get(who) ?? 0n;
          const value = `${who}${index}`;
          const result = await store.write(writeOf(what, key, bytes(value), revision));
          assert.equal(result.kind, revision === truth.revision ? "written" : "conflict");
          if (result.kind === "conflict") continue;
          truth = what === "delete" ? nothing : { revision: result.revision, value };
        }
      }),
      { numRuns: 60 },
    );
  },
);

interface Truth {
  readonly revision: bigint;
  readonly value: string | undefined;
}

const nothing: Truth = { revision: 0n, value: undefined };

topologyTest("of many who add to one key at the same time, nobody's addition is lost", async (place) => {
  const { store, root } = place;
  const key = `${root}/sum`;
  await Promise.all(Array.from({ length: 25 }, async (_, index) => {
    for (let current = await store.get(key);;) {
      const value = bytes(`${text(current?.value) ?? ""}${index} `);
      const result = await store.write(
        current === undefined
          ? { kind: "create", key, value }
          : { kind: "update", key, value, revision: current.revision },
      );
      if (result.kind === "written") return;
      current = result.current;
    }
  }));
  const numbers = text((await present(store, key)).value)?.trim().split(" ").map(Number);
  assert.deepEqual(numbers?.sort((a, b) => a - b), Array.from({ length: 25 }, (_, index) => index));
  assert.deepEqual(await keysBelow(place), ["sum"]);
});
