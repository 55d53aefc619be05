import assert from "node:assert/strict";
import { fromBinary } from "@bufbuild/protobuf";
import { poolerServiceId } from "../../../api/multigres/names.ts";
import { openEtcd } from "../../../topology/etcd/open.ts";
import {
  ID_ComponentType as Component,
  MultipoolerSchema,
  PoolerLifecycleStatus as Lifecycle,
  RoutingRole,
  ShardInitClaimSchema,
} from "../../../topology/gen/clustermetadata_pb.ts";
import { claimKey, poolerKey } from "../../../topology/keys.ts";
import { readClaim, releaseClaim, removalOf } from "../../../topology/records/claims.ts";
import { readShardPoolers } from "../../../topology/records/poolers.ts";
import { primaryOf, rolesOf } from "../../../topology/records/roles.ts";
import { planShutdownMarks } from "../../../topology/records/shutdown_marks.ts";
import { carryOut } from "../../../topology/records/step.ts";
import { freePort } from "../../ground/ports.ts";
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

/** What the pooler of a pod writes of itself; a primary when it has a term. */
async function registers(place: TopologyPlace, cell: string, pod: string, term?: bigint): Promise<string> {
  const name = poolerServiceId(pod);
  const role = term === undefined ? { role: RoutingRole.REPLICA } : {
    role: RoutingRole.PRIMARY,
    rule: { coordinatorTerm: term },
  };
  const value = encode(MultipoolerSchema, {
    id: { component: Component.MULTIPOOLER, cell, name },
    shardKey: shard,
    hostname: `${pod}.pool.ns.svc.cluster.local`,
    lifecycleStatus: { status: Lifecycle.ACTIVE, reason: "pooler active" },
    routingState: role,
  }, later);
  const key = poolerKey(place.root, cell, name);
  await place.put(key, value);
  return key;
}

topologyTest(
  "the poolers of a shard are read in all its cells, once where cells share a root",
  async (place) => {
    await registers(place, "zone1", "a-0", 3n);
    await registers(place, "zone2", "b-0", 4n);
    await registers(place, "zone10", "c-0", 5n);
    const store = new InterruptedStore(place.store);
    const cells = ["zone1", "zone2"].map((cell) => ({ cell, store, root: place.root }));
    const { poolers, unreachable } = await readShardPoolers(cells, shard);
    assert.deepEqual(poolers.map(({ record }) => record.id?.name), ["a-0", "b-0"].map(poolerServiceId));
    assert.equal(primaryOf(poolers)?.record.id?.cell, "zone2");
    assert.equal(unreachable.size, 0);
    assert.equal(store.reads, 1);
  },
);

topologyTest(
  "a cell whose topology is down is named, and when all are down that is no answer",
  async (place) => {
    await registers(place, "zone1", "a-0", 3n);
    const port = freePort();
    const down = openEtcd({ endpoints: [`127.0.0.1:${port}`] });
    const away = { cell: "zone2", store: down, root: place.root };
    const { poolers, unreachable } = await readShardPoolers([{ ...place, cell: "zone1" }, away], shard);
    assert.equal(poolers.length, 1);
    assert.deepEqual([...unreachable].map(([cell, { failure }]) => [cell, failure]), [[
      "zone2",
      "unreachable",
    ]]);
    await assert.rejects(readShardPoolers([away], shard), {
      failure: "unreachable",
      message: new RegExp(`${port}`),
    });
    assert.deepEqual((await readShardPoolers([], shard)).poolers, []);
    down.close();
  },
);

topologyTest(
  "the record of a pod that is gone is marked, so that a killed primary leads no more",
  async (place) => {
    const key = await registers(place, "zone1", "a-0", 9n);
    await registers(place, "zone1", "a-1", 8n);
    const cells = [{ ...place, cell: "zone1" }];
    const before = await readShardPoolers(cells, shard);
    assert.equal(primaryOf(before.poolers)?.key, key);
    const marks = planShutdownMarks(before.poolers, ["a-1"], new Date());
    const { done } = await carryOut(place.store, marks);
    assert.deepEqual(done.map(({ name }) => name), [key]);
    const after = await readShardPoolers(cells, shard);
    assert.deepEqual(rolesOf(after.poolers).map(({ role }) => role).sort(), ["primary", "stopped"]);
    const { value } = await present(place.store, key);
    assert.deepEqual(unknownOf(MultipoolerSchema, value), later);
    assert.deepEqual(planShutdownMarks(after.poolers, ["a-1"], new Date()), []);
  },
);

topologyTest("a pooler that comes back before it is marked is not marked", async (place) => {
  const key = await registers(place, "zone1", "a-0", 9n);
  const { poolers } = await readShardPoolers([{ ...place, cell: "zone1" }], shard);
  const interrupted = new InterruptedStore(
    place.store,
    async () => void await registers(place, "zone1", "a-0"),
  );
  const { done, overtaken } = await carryOut(interrupted, planShutdownMarks(poolers, [], new Date()));
  assert.deepEqual([done.length, overtaken.length], [0, 1]);
  const record = fromBinary(MultipoolerSchema, (await present(place.store, key)).value);
  assert.equal(record.lifecycleStatus?.status, Lifecycle.ACTIVE);
});

topologyTest("the claim of a shard is read, and removed when the shard is gone", async (place) => {
  const { store, root } = place;
  assert.equal(await readClaim(store, root, shard), undefined);
  assert.equal(await releaseClaim(store, root, shard), false);
  const claimerId = { component: Component.MULTIORCH, cell: "zone1", name: "o-1" };
  await place.put(claimKey(root, shard), encode(ShardInitClaimSchema, { claimerId }));
  const claim = await readClaim(store, root, shard);
  assert.equal(claim?.record.claimerId?.name, "o-1");
  await place.put(
    claimKey(root, shard),
    encode(ShardInitClaimSchema, { claimerId: { ...claimerId, name: "o-2" } }),
  );
  const { overtaken } = await carryOut(store, [removalOf(claim)]);
  assert.equal(overtaken.length, 1, "a newer claim is not the one that was stranded");
  assert.equal(await releaseClaim(store, root, shard), true);
  assert.deepEqual(await keysBelow(place), []);
});
