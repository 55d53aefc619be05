import assert from "node:assert/strict";
import { annotations } from "../../api/smoketurner/annotations.ts";
import { GROUP, VERSION } from "../../api/smoketurner/group.ts";
import { upgradeNames } from "../../api/smoketurner/names.ts";
import { stringAt } from "../ground/json.ts";
import { delay, waitUntil } from "../ground/wait_for.ts";
import { LONG_MS } from "./cluster.ts";
import { secondsSince, tell } from "./figures.ts";
import { ask, sql, startLoad } from "./load.ts";
import { onNodes, type Stage } from "./stage.ts";

const UPGRADE = "next";
const TARGET = upgradeNames(UPGRADE).targetCluster;

const upgrade = {
  apiVersion: `${GROUP}/${VERSION}`,
  kind: "PostgresUpgrade",
  metadata: { name: UPGRADE },
  spec: {
    sourceCluster: { name: "orders" },
    targetVersion: "17",
    strategy: {
      preChecks: { minVerificationPasses: 2, verificationInterval: "2s", drainConnectionsTimeout: "2s" },
      postCutover: { healthCheckInterval: "1s", healthCheckDuration: "5s" },
    },
  },
};

const GATE = "WaitingForManualCutover";
const ENDS = ["Completed", "Failed", "RolledBack"];

function upgradePath({ namespace }: Stage): string {
  return `/apis/${GROUP}/${VERSION}/namespaces/${namespace}/postgresupgrades/${UPGRADE}`;
}

/** Follows the upgrade to its end, asks for the cutover at the gate, and kills the operator in each phase that is seen. */
async function followAndKill(stage: Stage): Promise<string[]> {
  const seen: string[] = [];
  const phaseNow = async () =>
    stringAt(await stage.client.get(upgradePath(stage)), "status", "phase") ?? "Pending";
  while (!ENDS.includes(seen.at(-1) ?? "")) {
    const phase = await waitUntil("the next phase", phaseNow, (now) => now !== seen.at(-1), {
      timeoutMs: LONG_MS,
      intervalMs: 20,
    });
    seen.push(phase);
    if (ENDS.includes(phase)) break;
    await delay(200);
    await stage.killOperator();
    if (phase === GATE) {
      await stage.merge(upgradePath(stage), {
        metadata: { annotations: { [annotations.cutover]: "now" } },
      });
    }
  }
  return seen;
}

onNodes(
  "PostgreSQL 15 becomes 17 under load while the operator is killed in each phase, and no row is lost",
  async (stage) => {
    await stage.apply({ replicas: 2 });
    await stage.untilWell(2);
    await stage.makeSynchronous();
    await using load = await startLoad(stage);
    await using session = await sql.connect(load.target);
    await session.change([{
      text: "CREATE SEQUENCE public.numbers START 1000 INCREMENT 10; SELECT nextval('public.numbers')",
    }]);

    const start = performance.now();
    await stage.client.apply(upgrade, stage.namespace);
    const phases = await followAndKill(stage);
    tell(`upgrade (${phases.length} phases seen)`, {
      after: secondsSince(start),
      "write gap": load.gapSince(start),
    });
    assert.equal(phases.at(-1), "Completed", phases.join(", "));
    for (const phase of ["CreatingTarget", GATE]) assert.ok(phases.includes(phase), `${phase} was seen`);

    await load.untilWritten(20);
    const [server] = await ask(load.target, "SHOW server_version");
    assert.match(String(server?.["server_version"]), /^17\./);
    const target = stage.beside(TARGET);
    await target.untilWell(2);
    assert.equal(stringAt(await stage.client.get(stage.clusterPath), "status", "phase"), "Superseded");

    assert.equal(await load.lost(), 0, "acknowledged rows are lost");
    const [log] = await ask(
      load.target,
      "SELECT nextval(pg_get_serial_sequence('public.append_log', 'id')) > max(id) AS above FROM public.append_log",
    );
    assert.equal(log?.["above"], true, "the sequence of the table is above its rows");
    const [numbers] = await ask(load.target, "SELECT nextval('public.numbers') AS number");
    assert.ok(Number(numbers?.["number"]) > 1000, "the other sequence goes on");
  },
);
