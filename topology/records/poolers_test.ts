import assert from "node:assert/strict";
import { fromBinary } from "@bufbuild/protobuf";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { MessageInitShape } from "@bufbuild/protobuf";
import fc from "fast-check";
import { poolerServiceId } from "../../api/multigres/names.ts";
import { encode, unknownFields, unknownOf } from "../../tests/support/topology_records.ts";
import {
  ID_ComponentType as Component,
  type Multipooler,
  MultipoolerSchema,
  PoolerLifecycleStatus as Lifecycle,
  PoolerServingStatus,
  RoutingRole,
  RoutingStateSchema,
  ShardInitClaimSchema,
} from "../gen/clustermetadata_pb.ts";
import { claimKey, poolerKey } from "../keys.ts";
import type { Entry } from "../store.ts";
import { isStranded } from "./claims.ts";
import { podOf, selectPoolers, type StoredPooler } from "./poolers.ts";
import { primaryOf, rolesOf } from "./roles.ts";
import { planShutdownMarks } from "./shutdown_marks.ts";
import { decode } from "./stored.ts";

const root = "/multigres/zone1";
const shard = { database: "postgres", tableGroup: "default", shard: "0-inf" };
type Fields = Exclude<MessageInitShape<typeof MultipoolerSchema>, Multipooler>;

function entry(name: string, fields: Fields, more = fc.sample(unknownFields, 1)[0]): Entry {
  const id = { component: Component.MULTIPOOLER, cell: "zone1", name };
  const value = encode(MultipoolerSchema, { id, shardKey: shard, ...fields }, more);
  return { key: poolerKey(root, "zone1", name), value, revision: 5n };
}

function pooler(name: string, fields: Fields): StoredPooler {
  return decode(MultipoolerSchema, entry(name, fields));
}

function primary(name: string, coordinatorTerm: bigint, leaderSubterm: bigint, status = Lifecycle.ACTIVE) {
  const routingState = { role: RoutingRole.PRIMARY, rule: { coordinatorTerm, leaderSubterm } };
  return pooler(name, { lifecycleStatus: { status }, routingState });
}

const replica = (name: string) => pooler(name, { routingState: { role: RoutingRole.REPLICA } });
const nameOf = (found: StoredPooler | undefined) => found?.record.id?.name;

Deno.test("of two that say they are primary, the higher term leads, then the higher subterm", () => {
  const killed = primary("a", 9n, 7n);
  assert.equal(nameOf(primaryOf([killed, primary("b", 10n, 0n), replica("c")])), "b");
  assert.equal(nameOf(primaryOf([killed, primary("b", 9n, 8n)])), "b");
  assert.equal(nameOf(primaryOf([pooler("a", { routingState: { role: RoutingRole.PRIMARY } })])), "a");
});

Deno.test("those that stopped or are quarantined do not lead, whatever they said before", () => {
  const poolers = [
    primary("a", 9n, 0n, Lifecycle.SHUTDOWN),
    primary("b", 8n, 0n, Lifecycle.QUARANTINED),
    primary("c", 7n, 0n),
    primary("d", 6n, 0n),
    pooler("e", { lifecycleStatus: { status: Lifecycle.STARTING } }),
  ];
  assert.deepEqual(rolesOf(poolers).map(({ role }) => role), [
    "stopped",
    "quarantined",
    "primary",
    "superseded",
    "replica",
  ]);
  assert.equal(primaryOf(poolers.slice(0, 2)), undefined);
});

Deno.test("the order in which poolers are read decides nothing", () => {
  const number = fc.bigInt({ min: 0n, max: 3n });
  const claims = fc.array(fc.tuple(number, number), { minLength: 1 });
  const orders = claims.chain((drawn) => {
    const poolers = drawn.map(([term, subterm], index) => primary(`p${index}`, term, subterm));
    const length = poolers.length;
    return fc.tuple(
      fc.constant(poolers),
      fc.shuffledSubarray(poolers, { minLength: length, maxLength: length }),
    );
  });
  fc.assert(fc.property(orders, ([one, another]) => assert.equal(primaryOf(one), primaryOf(another))));
});

Deno.test("poolers of other shards, cells and roots are left out, and what is no pooler is named", () => {
  const other = (fields: Fields, key = "/multigres/zone1/poolers/x/Pooler") => ({
    ...entry("x", fields),
    key,
  });
  const broken = { key: `${root}/poolers/broken/Pooler`, value: new Uint8Array([0xff]), revision: 1n };
  const entries = [
    entry("mine", {}),
    other({ shardKey: { ...shard, shard: "8-f" } }),
    other({ id: { cell: "zone10" } }),
    other({}, "/multigres/zone1/poolers/x/locks/1"),
    broken,
  ];
  const { poolers, unreadable } = selectPoolers({ entries, revision: 9n }, { root, cell: "zone1", shard });
  assert.deepEqual(poolers.map(nameOf), ["mine"]);
  assert.deepEqual(unreadable, [broken.key]);
});

Deno.test("a pooler is found to its pod by ID, and by host name where the ID says nothing", () => {
  const pods = ["db-1", "db-10"];
  const of = (name: string, hostname: string) => podOf(pooler(name, { hostname }).record, pods);
  assert.equal(of(poolerServiceId("db-10"), ""), "db-10");
  assert.equal(of("abcdefgh", "db-10.pool.ns.svc.cluster.local"), "db-10");
  assert.equal(of("abcdefgh", "db-1"), "db-1");
  assert.equal(of("db-1", "elsewhere"), "db-1");
  assert.equal(of("abcdefgh", "db-100.pool"), undefined);
});

Deno.test("a pooler without a pod is marked as stopped, and nothing else of its record changes", () => {
  const now = new Date("2026-05-06T07:08:09.010Z");
  fc.assert(fc.property(unknownFields, unknownFields, (more, inside) => {
    const lifecycle = { status: Lifecycle.ACTIVE, reason: "pooler active" };
    const fields: Fields = {
      hostname: "gone.pool",
      servingStatus: PoolerServingStatus.DISABLED,
      portMap: { grpc: 15270, postgres: 5432 },
      lifecycleStatus: lifecycle,
      routingState: fromBinary(
        RoutingStateSchema,
        encode(RoutingStateSchema, { role: RoutingRole.PRIMARY }, inside),
      ),
    };
    const before = entry("gone", fields, more);
    const [step, ...others] = planShutdownMarks([decode(MultipoolerSchema, before)], ["kept"], now);
    assert.ok(step?.write.kind === "update" && others.length === 0);
    assert.deepEqual([step.write.key, step.write.revision], [before.key, before.revision]);
    const after = fromBinary(MultipoolerSchema, step.write.value);
    assert.equal(after.lifecycleStatus?.status, Lifecycle.SHUTDOWN);
    assert.deepEqual(after.lifecycleStatus.updated && timestampDate(after.lifecycleStatus.updated), now);
    assert.deepEqual(unknownOf(MultipoolerSchema, step.write.value), more);
    const original = fromBinary(MultipoolerSchema, before.value);
    assert.deepEqual({ ...after, lifecycleStatus: undefined }, { ...original, lifecycleStatus: undefined });
  }));
});

Deno.test("poolers with a pod, and those that are marked already, are left alone", () => {
  const poolers = [
    pooler(poolerServiceId("alive"), { lifecycleStatus: { status: Lifecycle.STOPPING } }),
    pooler("gone", { lifecycleStatus: { status: Lifecycle.SHUTDOWN, reason: "pooler shutdown" } }),
  ];
  assert.deepEqual(planShutdownMarks(poolers, ["alive"], new Date()), []);
});

Deno.test("a claim is stranded when nobody leads and its writer is none of the orchestrators", () => {
  const claim = (name: string, component = Component.MULTIORCH) =>
    decode(ShardInitClaimSchema, {
      key: claimKey("/g", shard),
      value: encode(ShardInitClaimSchema, { claimerId: { component, cell: "zone1", name } }),
      revision: 2n,
    });
  const orchestrators = [{ cell: "zone1", serviceId: "o-1" }, { cell: "zone2", serviceId: "o-2" }];
  assert.equal(isStranded(claim("random12"), [replica("a")], orchestrators), true);
  assert.equal(isStranded(claim("o-2"), [replica("a")], orchestrators), true, "that one is in another cell");
  assert.equal(isStranded(claim("o-1", Component.MULTIGATEWAY), [], orchestrators), true);
  assert.equal(isStranded(claim("o-1"), [replica("a")], orchestrators), false);
  assert.equal(isStranded(claim("random12"), [primary("a", 1n, 0n)], orchestrators), false);
});
