import assert from "node:assert/strict";
import { Code } from "@connectrpc/connect";
import { poolerServiceId } from "../../../api/multigres/names.ts";
import { claimKey } from "../../../topology/keys.ts";
import {
  ID_ComponentType as Component,
  ShardInitClaimSchema,
} from "../../../topology/gen/clustermetadata_pb.ts";
import { readClaim, releaseClaim } from "../../../topology/records/claims.ts";
import { planShutdownMarks } from "../../../topology/records/shutdown_marks.ts";
import { rolesOf } from "../../../topology/records/roles.ts";
import { carryOut } from "../../../topology/records/step.ts";
import { createAuthority } from "../../ground/pki.ts";
import { delay, waitUntil } from "../../ground/wait_for.ts";
import { encode } from "../../support/topology_records.ts";
import { always, isHealthy, planeTest, shard, three } from "./support.ts";

const orchestrator = { orchestrator: always };

planeTest(
  "three pods become a shard that takes writes, claimed before it has a primary",
  orchestrator,
  async (stage) => {
    const { plane, place, create } = stage;
    await create(three);
    await waitUntil("two records", async () => (await stage.read()).poolers.length, (count) => count >= 2);
    assert.equal(plane.primary(), undefined, "first they register, then they elect");
    const seen = await stage.healthy();
    assert.equal(seen.primary?.term, 1n);
    assert.deepEqual(seen.quorum, { of: "instances", needed: 2, have: 3, possible: 3 });
    const claim = await readClaim(place.store, place.root, shard);
    assert.equal(claim?.record.claimerId?.name, always.name);
    const ids = three.map((pod) => poolerServiceId(pod)).sort();
    assert.deepEqual(seen.cohort?.map(({ name }) => name).sort(), ids);
    assert.equal(plane.writable(), true);
  },
);

planeTest(
  "a primary that hands over is followed by another one in a later term, and streams from it",
  orchestrator,
  async (stage) => {
    const { plane, client } = stage;
    await stage.create(three);
    await stage.healthy();
    const before = plane.primary() ?? "";
    const [standby = ""] = three.filter((pod) => pod !== before);
    await assert.rejects(client.resignLeadership(await stage.addressOf(standby)), { failure: "wrong_role" });
    const flushed = await client.resignLeadership(await stage.addressOf(before));
    assert.ok(flushed !== undefined && flushed > 0n);
    assert.equal(plane.writable(), false, "the answer comes before there is a new primary");
    const after = await stage.until(
      "another primary",
      (seen) => isHealthy(seen) && plane.primary() !== before,
    );
    assert.ok((after.primary?.term ?? 0n) > 1n);
  },
);

planeTest(
  "a killed primary goes on saying that it leads until its pod is back, and then streams",
  orchestrator,
  async (stage) => {
    const { plane } = stage;
    await stage.create(three);
    await stage.healthy();
    const killed = plane.primary() ?? "";
    plane.kill(killed);
    const missing = await stage.look();
    assert.equal(missing.primary?.writable, "unknown");
    const two = await stage.until(
      "two that say they lead",
      ({ problems }) => problems.some(({ kind }) => kind === "several_primaries"),
    );
    assert.notEqual(plane.primary(), killed);
    assert.equal(two.primary?.term, 2n);
    const roles = rolesOf((await stage.read()).poolers).map(({ role }) => role).sort();
    assert.deepEqual(roles, ["primary", "replica", "superseded"]);
    await stage.remove(killed);
    await stage.create([killed]);
    await stage.healthy();
    assert.notEqual(plane.primary(), killed);
  },
);

planeTest(
  "a standby whose pod goes says so, leaves the cohort, and comes back with its pod",
  orchestrator,
  async (stage) => {
    const { plane } = stage;
    await stage.create(three);
    await stage.healthy();
    const [gone = ""] = three.filter((pod) => pod !== plane.primary());
    await stage.remove(gone);
    const without = await stage.until("a cohort of two", ({ cohort }) => cohort?.length === 2);
    assert.equal(without.standbys.length, 1);
    assert.equal(without.primary?.writable, "yes");
    await stage.create([gone]);
    await stage.healthy();
  },
);

planeTest("of two instances both are needed", orchestrator, async (stage) => {
  const { plane } = stage;
  await stage.create(three.slice(0, 2));
  await stage.until(
    "a primary with a standby",
    ({ primary, cohort }) => primary?.writable === "yes" && cohort?.length === 2,
  );
  const standby = three.slice(0, 2).find((pod) => pod !== plane.primary()) ?? "";
  plane.holdBack(standby, true);
  const held = await stage.until("commits that wait", ({ primary }) => primary?.writable === "no");
  assert.ok(held.problems.some(({ kind }) => kind === "quorum_short"));
  plane.holdBack(standby, false);
  await stage.until("commits that go on", ({ primary }) => primary?.writable === "yes");
  plane.kill(plane.primary() ?? "");
  await delay(1_500);
  assert.equal(plane.primary(), undefined, "one of two is no majority");
});

planeTest(
  "a shard that a stranger has claimed gets no primary until the claim is gone",
  orchestrator,
  async (stage) => {
    const { plane, place } = stage;
    const claimerId = { component: Component.MULTIORCH, cell: "zone-a", name: "was-here" };
    await place.put(claimKey(place.root, shard), encode(ShardInitClaimSchema, { claimerId }));
    await stage.create(three);
    const ready = () => plane.instances().filter((each) => each.ready).length;
    await waitUntil("three that could be elected", ready, (count) => count === 3);
    await delay(1_000);
    assert.equal(plane.primary(), undefined);
    await releaseClaim(place.store, place.root, shard);
    await stage.healthy();
  },
);

planeTest(
  "nobody is elected before an orchestrator's pod is Ready, which claims by its own ID",
  {},
  async (stage) => {
    const { plane, place } = stage;
    await stage.create(three);
    const ready = () => plane.instances().filter((each) => each.ready).length;
    await waitUntil("three that could be elected", ready, (count) => count === 3);
    await delay(1_000);
    assert.equal(plane.primary(), undefined);
    await stage.create(["orch-0"], "multiorch");
    await stage.healthy();
    const claim = await readClaim(place.store, place.root, shard);
    assert.match(claim?.record.claimerId?.name ?? "", /^[0-9a-f]{8}$/);
  },
);

planeTest(
  "the cohort loses a member whose pod is gone for good only when it is marked",
  orchestrator,
  async (stage) => {
    const { plane, place } = stage;
    await stage.create(three);
    await stage.healthy();
    const [gone = ""] = three.filter((pod) => pod !== plane.primary());
    plane.kill(gone);
    await stage.remove(gone);
    await delay(1_000);
    assert.equal(plane.rule()?.cohort.length, 3);
    const left = three.filter((pod) => pod !== gone);
    const { done } = await carryOut(
      place.store,
      planShutdownMarks((await stage.read()).poolers, left, new Date()),
    );
    assert.equal(done.length, 1);
    await stage.until("a cohort of two", ({ cohort }) => cohort?.length === 2);
  },
);

planeTest(
  "a backup holds up looks at backups of the same pooler, and not of others",
  orchestrator,
  async (stage) => {
    const { plane, client } = stage;
    await stage.create(three);
    await stage.healthy();
    const primary = await stage.addressOf(plane.primary() ?? "");
    const [one = "", other = ""] = three.filter((pod) => pod !== plane.primary());
    const order = { type: "full", jobId: "j-1" } as const;
    await assert.rejects(client.backUp(primary, order), { failure: "wrong_role" });
    const standby = await stage.addressOf(one);
    const backup = client.backUp(standby, order);
    await assert.rejects(client.backups(standby, 10, { timeoutMs: 100 }), { failure: "timeout" });
    assert.deepEqual(await client.backups(await stage.addressOf(other), 10), []);
    const id = await backup;
    const [listed] = await client.backups(primary, 10);
    assert.deepEqual([listed?.id, listed?.state, listed?.type], [id, "complete", "full"]);
    assert.equal((await client.backupOfJob(primary, "j-1"))?.id, id);
  },
);

planeTest(
  "poolers misbehave as ordered, and are as before when that is taken back",
  orchestrator,
  async (stage) => {
    const { plane, client } = stage;
    await stage.create(three);
    await stage.healthy();
    const address = await stage.addressOf("db-1");
    const takeBack = plane.fail({ pod: "db-1", method: "status", code: Code.Internal, message: "no luck" });
    await assert.rejects(client.status(address), { failure: "internal", message: /no luck/ });
    takeBack();
    plane.fail({ method: "reloadConfig", delayMs: Infinity, times: 1 });
    await assert.rejects(client.reloadConfig(address, {}, { timeoutMs: 100 }), { failure: "timeout" });
    assert.equal((await client.reloadConfig(address, {})).kind, "applied");
    plane.answerReload((_pod, settings) => ({ mismatches: Object.keys(settings).map((name) => ({ name })) }));
    assert.deepEqual(await client.reloadConfig(address, { work_mem: "4MB" }), {
      kind: "not_yet",
      settings: ["work_mem"],
    });
    plane.silence("db-1", true);
    await assert.rejects(client.status(address, { timeoutMs: 100 }), { failure: "timeout" });
    plane.silence("db-1", false);
    assert.equal((await client.status(address)).ready, true);
    plane.setLag("db-1", 5_000n);
    plane.setLag("db-2", 5_000n);
    plane.setLag("db-0", 5_000n);
    await stage.until(
      "standbys that lag",
      ({ standbys }) => standbys.every(({ lagBytes = 0 }) => lagBytes >= 5_000),
    );
    plane.freeze();
    await assert.rejects(client.status(address, { timeoutMs: 100 }), { failure: "timeout" });
    plane.thaw();
    plane.quarantine("db-1");
    await stage.until(
      "a quarantined instance",
      ({ problems }) => problems.some(({ kind }) => kind === "quarantined"),
    );
    assert.ok(plane.calls.some(({ pod, method }) => pod === "db-1" && method === "reloadConfig"));
  },
);

const name = "multipooler.shop.prod.multigres.internal";
const authority = await createAuthority();
const client = await authority.issueClient({ user: "operator" });

planeTest("poolers with internal TLS are asked by the name that they have in common", {
  ...orchestrator,
  tls: { caPem: authority.caPem, ...await authority.issueServer([name], []) },
  clientTls: { caPem: authority.caPem, ...client, serverName: name },
}, async (stage) => {
  await stage.create(three);
  await stage.healthy();
});
