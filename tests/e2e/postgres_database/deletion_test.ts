/** The end of a database, by each policy, and with everything in the way that can be. */
import assert from "node:assert/strict";
import { annotations } from "../../../api/smoketurner/annotations.ts";
import { PostgresClusters } from "../../../api/smoketurner/postgres_cluster.ts";
import { PostgresDatabases } from "../../../api/smoketurner/postgres_database.ts";
import { delay, waitUntil } from "../../ground/wait_for.ts";
import { deleteNow } from "../../support/delete_now.ts";
import { TurnedClock } from "../../support/turned_clock.ts";
import { DATABASE, scenario, type Stage } from "./stage.ts";

/** The garbage collector looks for new kinds every 30 s. */
const patience = { timeoutMs: 90_000 };

async function left({ server }: Stage): Promise<string[]> {
  const rows = await server.ask(
    "SELECT 'role ' || rolname AS name FROM pg_catalog.pg_roles WHERE oid >= 16384 UNION ALL " +
      "SELECT 'database ' || datname FROM pg_catalog.pg_database WHERE oid >= 16384 ORDER BY 1",
  );
  return rows.map(({ name }) => String(name));
}

const everything = ["database orders", "role app", "role owner", "role reader"];

scenario("with the object goes what was made for it, and nothing else", async (stage) => {
  await stage.server.run("CREATE ROLE stranger");
  await stage.server.run("CREATE DATABASE others");
  stage.start();
  await stage.apply();
  await stage.untilPhase("Ready");
  await stage.delete();
  await stage.untilGone();
  assert.deepEqual(await left(stage), ["database others", "role stranger"]);
  await waitUntil(
    "the end of its Secrets",
    () => stage.secret("app-login"),
    (found) => found === undefined,
    patience,
  );
  await waitUntil(
    "its event",
    stage.events,
    (all) => all.some((each) => /^CleanupComplete: Done: drop/.test(each)),
  );
});

scenario(
  "with policy Retain everything stays, and an object of the same name takes it back with its passwords",
  async (stage) => {
    stage.start();
    await stage.apply({}, { [annotations.deletionPolicy]: "Retain" });
    await stage.untilPhase("Ready");
    const { password } = await stage.credentials("app-login");
    await stage.delete();
    await stage.untilGone();
    await delay(2_000);
    assert.deepEqual(await left(stage), everything);
    assert.equal((await stage.askAs("app-login", "SELECT 1 AS one")).length, 1);
    await stage.apply();
    await stage.untilPhase("Ready");
    assert.equal((await stage.credentials("app-login"))["password"], password);
    await stage.delete();
    await stage.untilGone();
    assert.deepEqual(
      await left(stage),
      everything,
      "what the new object did not make is not dropped with it",
    );
  },
);

scenario("a policy that nobody knows loses nothing", async (stage) => {
  stage.start();
  await stage.apply({}, { [annotations.deletionPolicy]: "delete" });
  await stage.untilPhase("Ready");
  await stage.delete();
  await stage.untilGone();
  assert.deepEqual(await left(stage), everything);
});

scenario("a database that somebody uses is dropped once they have left", async (stage) => {
  stage.start();
  await stage.apply();
  await stage.untilPhase("Ready");
  {
    await using session = await stage.server.connect({ database: "orders" });
    await stage.delete();
    const status = await stage.untilStatus(
      "the reason",
      ({ phase, conditions }) =>
        phase === "Deleting" &&
        (conditions?.some(({ message }) => /being accessed by other users/.test(message ?? "")) ?? false),
    );
    assert.equal(status.phase, "Deleting");
    assert.equal((await session.ask({ text: "SELECT 1 AS one" })).length, 1, "nobody is thrown out");
    assert.deepEqual(await left(stage), everything);
  }
  await stage.untilGone();
  assert.deepEqual(await left(stage), []);
});

scenario(
  "a deletion waits for its cluster to be Running, and is undone by the policy that its user then sets",
  async (stage) => {
    stage.start();
    await stage.apply();
    await stage.untilPhase("Ready");
    await stage.clusterIs("Updating");
    await stage.delete();
    await stage.untilStatus("phase Deleting", ({ phase }) => phase === "Deleting");
    await delay(1_000);
    assert.deepEqual(await left(stage), everything);
    await stage.apply({}, { [annotations.deletionPolicy]: "Retain" });
    await stage.untilGone();
    assert.deepEqual(await left(stage), everything);
  },
);

scenario(
  "nothing is dropped either when the garbage collector has orphaned the Secrets before we look",
  async (stage) => {
    const { client, namespace } = stage;
    const operator = stage.start();
    await stage.apply();
    await stage.untilPhase("Ready");
    await operator.stop();
    const key = { namespace, name: DATABASE };
    await deleteNow(client, PostgresDatabases.resource, key, { propagation: "Orphan" });
    await waitUntil(
      "the garbage collector to be done",
      () => client.get(PostgresDatabases.resource, key),
      ({ metadata }) => !metadata.finalizers?.includes("orphan"),
      patience,
    );
    stage.start();
    await stage.untilGone();
    assert.deepEqual(await left(stage), everything);
    assert.equal((await stage.askAs("app-login", "SELECT 1 AS one")).length, 1);
  },
);

scenario("a cluster that is gone holds up no deletion", async (stage) => {
  stage.start();
  await stage.apply();
  await stage.untilPhase("Ready");
  await deleteNow(stage.client, PostgresClusters.resource, { namespace: stage.namespace, name: "db" });
  await stage.untilStatus("phase Pending", ({ phase }) => phase === "Pending");
  assert.equal(await stage.condition("ClusterReady"), "False/ClusterNotFound");
  await stage.delete();
  await stage.untilGone();
});

scenario("an object that was never served is gone at once", async (stage) => {
  stage.start();
  await stage.apply({ clusterRef: { name: "none" } });
  await stage.untilPhase("Pending");
  await stage.delete();
  await stage.untilGone();
  assert.deepEqual(await left(stage), []);
});

scenario(
  "a server that does not answer holds up a deletion for five minutes, and what is left is told",
  async (stage) => {
    const clock = new TurnedClock();
    stage.start({ clock });
    await stage.apply();
    await stage.untilPhase("Ready");
    await stage.server.stop();
    await stage.delete();
    await stage.untilStatus(
      "the reason",
      ({ phase, conditions }) =>
        phase === "Deleting" &&
        (conditions?.some(({ message }) => /ECONNREFUSED/.test(message ?? "")) ?? false),
    );
    clock.turn(290);
    await delay(1_500);
    assert.equal((await stage.get()).status?.phase, "Deleting");
    clock.turn(10);
    await stage.untilGone();
    await waitUntil(
      "its event",
      stage.events,
      (all) =>
        all.some((each) =>
          /^CleanupComplete: Gave up after 300 s, so some of it may be left: .*ECONNREFUSED/.test(each)
        ),
    );
    await stage.server.start();
    assert.deepEqual(await left(stage), everything);
  },
);

scenario("the operator forgets an object that is gone", async (stage) => {
  const operator = stage.start({ driftSeconds: 1 });
  await stage.apply();
  await stage.untilPhase("Ready");
  await stage.delete();
  await stage.untilGone();
  const before = [stage.sql.targets.length, operator.transport.seen.length];
  await delay(3_000);
  assert.equal(stage.sql.targets.length, before[0]);
  assert.deepEqual(operator.transport.seen.slice(before[1]).filter((each) => each.startsWith("GET ")), []);
});
