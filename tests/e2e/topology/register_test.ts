import assert from "node:assert/strict";
import { fromBinary } from "@bufbuild/protobuf";
import { TopologyError } from "../../../topology/errors.ts";
import { CellSchema, DatabaseSchema } from "../../../topology/gen/clustermetadata_pb.ts";
import { cellKey, claimKey, databaseKey } from "../../../topology/keys.ts";
import { readCells } from "../../../topology/records/cells.ts";
import { register, type WantedTopology } from "../../../topology/records/registration.ts";
import {
  InterruptedStore,
  keysBelow,
  present,
  type TopologyPlace,
  topologyTest,
} from "../../support/topology.ts";
import { encode, unknownOf } from "../../support/topology_records.ts";

const shard = { database: "postgres", tableGroup: "default", shard: "0-inf" };
const later = [{ number: 500, text: "of a later version" }];

function wanted(
  { root }: TopologyPlace,
  cells: readonly string[],
  more: Partial<WantedTopology> = {},
): WantedTopology {
  return {
    root,
    prune: true,
    cells: cells.map((name) => ({ name, serverAddresses: ["global:2379"], root })),
    databases: [{ name: "postgres", cells }],
    ...more,
  };
}

const namesOf = (steps: readonly { readonly record: string; readonly name: string }[]) =>
  steps.map(({ record, name }) => `${record} ${name}`);

topologyTest(
  "cells and databases are registered once, and a second look reads twice and writes nothing",
  async (place) => {
    const first = await register(place.store, wanted(place, ["zone1", "zone2"]));
    assert.deepEqual(namesOf(first.done), ["Cell zone1", "Cell zone2", "Database postgres"]);
    assert.deepEqual(await keysBelow(place), [
      "cells/zone1/Cell",
      "cells/zone2/Cell",
      "databases/postgres/Database",
    ]);
    const store = new InterruptedStore(place.store);
    assert.deepEqual(await register(store, wanted(place, ["zone1", "zone2"])), { done: [], held: [] });
    assert.deepEqual([store.reads, store.writes], [2, []]);
  },
);

topologyTest(
  "a cell that is no longer wanted goes in the same pass, after the database that listed it",
  async (place) => {
    await register(place.store, wanted(place, ["zone1", "zone2"]));
    const { done, held } = await register(place.store, wanted(place, ["zone1"]));
    assert.deepEqual(namesOf(done), ["Database postgres", "Cell zone2"]);
    assert.deepEqual(held, []);
    assert.deepEqual([...(await readCells(place.store, place.root)).keys()], ["zone1"]);
  },
);

topologyTest("a cell that a database of somebody else lists is held, and named", async (place) => {
  await register(place.store, wanted(place, ["zone1", "zone2"]));
  await place.put(
    databaseKey(place.root, "other"),
    encode(DatabaseSchema, { name: "other", cells: ["zone2"] }),
  );
  const keep = { databases: new Set(["other"]) };
  const { held } = await register(place.store, wanted(place, ["zone1"], { keep }));
  assert.deepEqual(held, [{ cell: "zone2", databases: ["other"] }]);
  assert.deepEqual([...(await readCells(place.store, place.root)).keys()], ["zone1", "zone2"]);
});

topologyTest("what is still being taken down, and everything when pruning is off, stays", async (place) => {
  await register(place.store, wanted(place, ["zone1", "zone2"]));
  const keep = { cells: new Set(["zone2"]) };
  await register(place.store, wanted(place, ["zone1"], { keep }));
  await register(place.store, wanted(place, [], { prune: false, databases: [] }));
  assert.equal((await keysBelow(place)).length, 3);
});

topologyTest(
  "a database that goes takes along the claims of its shards, and nobody else's keys",
  async (place) => {
    const { store, root } = place;
    await register(store, wanted(place, ["zone1"]));
    await place.put(claimKey(root, shard), new Uint8Array());
    await place.put(claimKey(root, { ...shard, database: "long-gone" }), new Uint8Array());
    await place.put(`${root}/databases/postgres/locks/12`, new Uint8Array());
    await place.put(`${root}/backups/postgres/default/0-inf/lock`, new Uint8Array());
    await register(store, wanted(place, ["zone1"], { databases: [] }));
    assert.deepEqual(await keysBelow(place), [
      "backups/postgres/default/0-inf/lock",
      "cells/zone1/Cell",
      "databases/postgres/locks/12",
    ]);
  },
);

topologyTest(
  "what another writes into a record between our look and our write survives, and so does our change",
  async (place) => {
    const { store, root } = place;
    await register(store, wanted(place, ["zone1"]));
    const interrupted = new InterruptedStore(store, async (_write, index) => {
      if (index > 0) return;
      const { value } = await present(store, databaseKey(root, "postgres"));
      const { name, cells } = fromBinary(DatabaseSchema, value);
      await place.put(databaseKey(root, "postgres"), encode(DatabaseSchema, { name, cells }, later));
    });
    await register(
      interrupted,
      wanted(place, ["zone1"], {
        databases: [{ name: "postgres", cells: ["zone1"], durabilityPolicy: "MULTI_CELL_AT_LEAST_2" }],
      }),
    );
    const { value } = await present(store, databaseKey(root, "postgres"));
    assert.deepEqual(unknownOf(DatabaseSchema, value), later);
    assert.equal(
      fromBinary(DatabaseSchema, value).bootstrapDurabilityPolicy?.policyName,
      "MULTI_CELL_AT_LEAST_2",
    );
  },
);

topologyTest(
  "a database that comes to list a cell just before the cell is removed saves it",
  async (place) => {
    const { store, root } = place;
    await register(store, wanted(place, ["zone1", "zone2"], { databases: [] }));
    const interrupted = new InterruptedStore(store, async (write) => {
      if (write.kind !== "delete") return;
      await place.put(databaseKey(root, "new"), encode(DatabaseSchema, { name: "new", cells: ["zone2"] }));
    });
    const keep = { databases: new Set(["new"]) };
    const { held } = await register(interrupted, wanted(place, ["zone1"], { databases: [], keep }));
    assert.deepEqual(held, [{ cell: "zone2", databases: ["new"] }]);
    assert.ok((await readCells(store, root)).has("zone2"));
  },
);

topologyTest(
  "when somebody undoes each change at once, it is given up and said who may be the reason",
  async (place) => {
    const { store, root } = place;
    const undo = new InterruptedStore(store, async () => {
      await place.put(
        cellKey(root, "zone1"),
        encode(CellSchema, { name: "zone1", root: crypto.randomUUID() }),
      );
    });
    await assert.rejects(register(undo, wanted(place, ["zone1"], { databases: [] })), {
      failure: "conflict",
      message: /Cell zone1.*two operators use the same root path/,
    });
    assert.ok(undo.writes.length < 10);
  },
);

topologyTest(
  "a record that is no message stops the pass before anything is written, and is named",
  async (place) => {
    const { store, root } = place;
    await place.put(cellKey(root, "broken"), new Uint8Array([0xff]));
    await assert.rejects(register(store, wanted(place, ["zone1"])), {
      failure: "unreadable",
      message: /cells\/broken\/Cell/,
    });
    assert.deepEqual(await keysBelow(place), ["cells/broken/Cell"]);
  },
);

topologyTest(
  "a pass that ends at any of its writes, carried out or not, is completed by the next one",
  async (place, t) => {
    for (const when of ["before", "after"] as const) {
      for (let n = 0; n < 3; n++) {
        await t.step(`${when} write ${n}`, async () => {
          const inner = { ...place, root: `${place.root}/${when}-${n}` };
          const dying = new InterruptedStore(place.store, async (write, index) => {
            if (index < n) return;
            if (when === "after") await place.store.write(write);
            throw new TopologyError("timeout", "The answer was lost");
          });
          await assert.rejects(register(dying, wanted(inner, ["zone1", "zone2"])), { failure: "timeout" });
          await register(place.store, wanted(inner, ["zone1", "zone2"]));
          assert.deepEqual(await keysBelow(inner), [
            "cells/zone1/Cell",
            "cells/zone2/Cell",
            "databases/postgres/Database",
          ]);
          assert.deepEqual((await register(place.store, wanted(inner, ["zone1", "zone2"]))).done, []);
        });
      }
    }
  },
);
