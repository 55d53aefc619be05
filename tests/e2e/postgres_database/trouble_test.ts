/** Servers that are down, silent, or not what they should be, and clusters that take no changes. */
import assert from "node:assert/strict";
import { clusterNames } from "../../../api/smoketurner/names.ts";
import { Secrets } from "../../../kube/kinds.ts";
import { createAuthority } from "../../ground/pki.ts";
import { delay, waitUntil } from "../../ground/wait_for.ts";
import { CLUSTER, scenario, type Stage } from "./stage.ts";

async function setValue(stage: Stage, name: string, key: string, value: string): Promise<void> {
  await stage.client.patch(Secrets, { namespace: stage.namespace, name }, { stringData: { [key]: value } });
}

scenario("a cluster that is not Running is waited for, by watching it alone", async (stage) => {
  await stage.clusterIs("Creating");
  const operator = stage.start();
  await stage.apply();
  await stage.untilPhase("Pending");
  assert.equal(await stage.condition("ClusterReady"), "False/ClusterNotReady");
  const before = operator.transport.seen.length;
  await delay(2_000);
  assert.deepEqual(operator.transport.seen.slice(before).filter((each) => !/\/events/.test(each)), []);
  assert.equal(stage.sql.targets.length, 0);
  await stage.clusterIs("Running");
  await stage.untilPhase("Ready");
  await stage.clusterIs("Superseded");
  await stage.untilPhase("Pending");
  assert.equal(
    await stage.condition("DatabaseCreated"),
    "True/DatabaseProvisioned",
    "what was known stays known",
  );
});

scenario(
  "a database stays Ready in a cluster that is in trouble, for as long as its primary takes changes",
  async (stage) => {
    stage.start({ retrySeconds: 1 });
    await stage.apply();
    await stage.untilPhase("Ready");
    await stage.clusterIs("Degraded");
    await stage.untilStatus(
      "the primary's answer",
      ({ conditions }) => conditions?.some(({ reason }) => reason === "PrimaryAnswers") ?? false,
    );
    assert.equal((await stage.get()).status?.phase, "Ready");
    await stage.apply({ database: { name: "orders", owner: "owner", connectionLimit: 7 } });
    await stage.untilPhase("Ready");
    const phases = (await stage.events()).filter((each) => each.startsWith("PhaseChange"));
    assert.ok(phases.every((each) => !each.includes("Pending")), phases.join("\n"));

    await stage.server.stop();
    const phase = async () => (await stage.get()).status?.phase;
    await waitUntil("nobody's answer", phase, (seen) => seen === "Pending", { timeoutMs: 90_000 });
    assert.equal(await stage.condition("ClusterReady"), "Unknown/ClusterNotReady");
    assert.equal(await stage.condition("Ready"), "Unknown/ClusterNotReady");
    await stage.server.start();
    await stage.untilStatus("its return", ({ phase }) => phase === "Ready");
    await stage.clusterIs("Running");
    await stage.untilStatus(
      "the steady cluster",
      ({ conditions }) => conditions?.some(({ reason }) => reason === "ClusterRunning") ?? false,
    );
  },
);

scenario(
  "a server that is down is found when it is up, and a Ready database outlives a short absence",
  async (stage) => {
    await stage.server.stop();
    stage.start({ driftSeconds: 1 });
    await stage.apply();
    await stage.untilPhase("Failed");
    assert.equal(await stage.condition("ClusterReady"), "False/ServerUnreachable");
    await stage.server.start();
    await stage.untilPhase("Ready");
    await stage.server.stop("SIGKILL");
    await delay(4_000);
    assert.equal((await stage.get()).status?.phase, "Ready");
    await stage.server.start();
    await stage.server.run("ALTER ROLE app CONNECTION LIMIT 2");
    await stage.untilStatus(
      "the repair",
      () => stage.sql.changes.at(-1)?.startsWith('ALTER ROLE "app"') ?? false,
    );
  },
);

scenario("a server that falls silent holds up nobody else", async (stage) => {
  stage.start();
  await stage.apply();
  await stage.untilPhase("Ready");
  await stage.server.freeze();
  await stage.apply({ extensions: ["hstore", "citext"] });
  await stage.apply({ clusterRef: { name: "none" } }, {}, "other");
  await stage.untilPhase("Pending", "other");
  await stage.untilPhase("Failed");
  assert.equal(await stage.condition("ClusterReady"), "False/ServerUnreachable");
  await stage.server.thaw();
  await stage.untilPhase("Ready");
});

scenario(
  "a wrong password and a stranger's certificate are told, and right ones are found",
  async (stage) => {
    const names = clusterNames(CLUSTER);
    const { authority, target } = stage.server;
    await setValue(stage, names.credentialsSecret, "POSTGRES_PASSWORD", "guessed");
    stage.start();
    await stage.apply();
    await stage.untilPhase("Failed");
    assert.equal(await stage.condition("ClusterReady"), "False/LoginRefused");
    await setValue(stage, names.credentialsSecret, "POSTGRES_PASSWORD", target.password);
    await setValue(stage, names.ownTls, "ca.crt", (await createAuthority()).caPem);
    await stage.untilStatus(
      "the distrust",
      ({ conditions }) => conditions?.some(({ reason }) => reason === "ServerNotTrusted") ?? false,
    );
    await setValue(stage, names.ownTls, "ca.crt", authority.caPem);
    await stage.untilPhase("Ready");
    assert.deepEqual(stage.sql.targets.at(-1)?.tls?.serverName, `db-primary.${stage.namespace}.svc`);
  },
);

scenario("a standby is asked and not written to; once there is a primary the work is done", async (stage) => {
  await stage.server.becomeStandby();
  stage.start();
  await stage.apply();
  await stage.untilPhase("Failed");
  assert.equal(await stage.condition("ClusterReady"), "False/ServerReadOnly");
  assert.deepEqual(stage.sql.changes, []);
  await stage.server.becomePrimary();
  await stage.untilPhase("Ready");
});

scenario("a lock that somebody holds on the server delays a pass, and nothing more", async (stage) => {
  await using session = await stage.server.connect();
  await session.ask({ text: "SELECT pg_catalog.pg_advisory_lock($1, $2)", params: [0x4d617472, 1] });
  stage.start();
  await stage.apply();
  await delay(2_000);
  assert.deepEqual(stage.sql.changes, []);
  await session.ask({ text: "SELECT pg_catalog.pg_advisory_unlock($1, $2)", params: [0x4d617472, 1] });
  await stage.untilPhase("Ready");
});
