import assert from "node:assert/strict";
import { plugin } from "../e2e/plugin/support.ts";
import { realNodes } from "../ground/ground.ts";
import { killMachine, shellIn } from "../ground/nodes/machine.ts";
import { setLink } from "../ground/nodes/network.ts";
import { restartNode } from "../ground/nodes/real_cluster.ts";
import { delay, waitUntil } from "../ground/wait_for.ts";
import { secondsSince, tell } from "./figures.ts";
import { type Load, startLoad } from "./load.ts";
import { LONG_MS, type RealMember } from "./cluster.ts";
import { onNodes, type Stage } from "./stage.ts";

const FIRST = 1;

/** After which Patroni takes the lock of a primary that keeps silent. */
const LEASE_SECONDS = 30;

/** The control plane is on the first node, so a primary whose node is to fail must be on another. */
async function leaveFirstNode(stage: Stage): Promise<void> {
  const primary = await stage.primary();
  if (stage.machineOf(primary).index > FIRST) return;
  await promoteStandby(stage);
  await stage.untilWell(3);
  await stage.untilSynchronous();
}

/** Lets a standby take over, in the way that people do. */
async function promoteStandby(stage: Stage): Promise<void> {
  const standby = await stage.synchronousStandby();
  const { connection } = realNodes();
  const { code, stderr } = await plugin(["promote", standby], {
    connection,
    namespace: stage.namespace,
  });
  assert.equal(code, 0, stderr);
}

/** Asks all members what the operator asks, so often that a frozen one finds questions when it goes on. */
function askAllTheTime(stage: Stage): AsyncDisposable & { readonly answered: number } {
  let [answered, running] = [0, true];
  const done = (async () => {
    while (running) {
      await stage.report().then(() => answered++, () => undefined);
      await delay(100);
    }
  })();
  return {
    get answered() {
      return answered;
    },
    [Symbol.asyncDispose]: async () => {
      running = false;
      await done;
    },
  };
}

/** Does something to the primary and waits until another one leads, writes go on, and all members are well again. */
async function disturb(
  stage: Stage,
  load: Load,
  what: string,
  deed: (primary: RealMember) => Promise<void>,
): Promise<number> {
  const before = await stage.primary();
  const start = performance.now();
  await deed(before);
  const since = () => secondsSince(start);
  await waitUntil("another primary", () => stage.primary(), ({ uid }) => uid !== before.uid, {
    timeoutMs: LONG_MS,
  });
  const leader = since();
  await load.untilWritten(10, { timeoutMs: LONG_MS });
  await stage.untilWell(3);
  await stage.untilSynchronous();
  const gap = load.gapSince(start);
  tell(what, { "write gap": gap, "another primary after": leader, "all well after": since() });
  return gap;
}

/**
 * Halts all of the primary's container, Patroni with it, until another one is elected, and lets it go on at once. That is
 * when two believe that they lead, and when a former leader that is disturbed may take the lock back.
 */
async function freeze(stage: Stage, primary: RealMember): Promise<void> {
  const ctr = (verb: string) =>
    shellIn(stage.machineOf(primary), `ctr -n k8s.io task ${verb} "$1"`, primary.containerId);
  await ctr("pause");
  // One that is thawed before the others have looked would go on leading: its lease ends up to a look before.
  try {
    await waitUntil("Patroni to elect", () => stage.leader(), (leader) => leader !== primary.name, {
      timeoutMs: LONG_MS,
    });
  } finally {
    await ctr("resume");
  }
}

onNodes("a cluster of three loses its primary again and again, and no acknowledged row", async (stage, t) => {
  const start = performance.now();
  await stage.apply();
  await stage.untilWell(3);
  tell("three members run", { after: secondsSince(start) });
  const places = new Set((await stage.members()).map(({ node }) => node));
  assert.equal(places.size, 3, "members are spread over the nodes");
  await stage.makeSynchronous();
  await using load = await startLoad(stage);

  await t.step("a standby takes over as planned", async () => {
    const gap = await disturb(stage, load, "planned switchover", () => promoteStandby(stage));
    assert.ok(gap < LEASE_SECONDS, "nobody waited for the end of a lease");
  });

  await t.step("the primary's pod is deleted", async () => {
    await disturb(stage, load, "pod deleted", async ({ name }) => {
      await stage.client.request("DELETE", stage.path("pods", name));
    });
  });

  await t.step("the primary's pod is deleted by force", async () => {
    await disturb(stage, load, "pod deleted by force", async ({ name }) => {
      await stage.client.request("DELETE", `${stage.path("pods", name)}?gracePeriodSeconds=0`);
    });
  });

  await t.step("the primary's container is frozen", async () => {
    const frozen = await disturb(stage, load, "container frozen", (primary) => freeze(stage, primary));
    assert.ok(frozen > 1);
  });

  await t.step("it is frozen while its Patroni is asked all the time, as the operator asks", async () => {
    await using asking = askAllTheTime(stage);
    await disturb(stage, load, "container frozen and asked", (primary) => freeze(stage, primary));
    assert.ok(asking.answered > 0);
  });

  const { machines: [first] } = realNodes();
  assert.ok(first !== undefined);

  await t.step("the primary's node is cut off and comes back", async () => {
    await leaveFirstNode(stage);
    await disturb(stage, load, "node cut off", async (primary) => {
      const machine = stage.machineOf(primary);
      await setLink(machine, first, "down");
      await waitUntil("Patroni to elect", () => stage.leader(), (leader) => leader !== primary.name, {
        timeoutMs: LONG_MS,
      });
      await setLink(machine, first, "up");
    });
  });

  await t.step("the primary's node loses its power and is started again", async () => {
    await leaveFirstNode(stage);
    await disturb(stage, load, "node lost", async (primary) => {
      const { index } = stage.machineOf(primary);
      await killMachine(stage.machineOf(primary));
      await waitUntil("Patroni to elect", () => stage.leader(), (leader) => leader !== primary.name, {
        timeoutMs: LONG_MS,
      });
      await restartNode(realNodes(), index);
    });
  });

  assert.equal(await load.lost(), 0, "acknowledged rows are lost");
});
