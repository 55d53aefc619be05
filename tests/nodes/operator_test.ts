import assert from "node:assert/strict";
import { waitUntil } from "../ground/wait_for.ts";
import { LONG_MS } from "./cluster.ts";
import { secondsSince, tell } from "./figures.ts";
import { type Load, startLoad } from "./load.ts";
import { onNodes, type Stage } from "./stage.ts";

interface Change {
  /** Phase in which the operator is killed. */
  readonly phase: string;
  readonly members: number;
  readonly begin: () => Promise<void>;
}

/** Begins a change, kills the operator in its phase, and waits until another has brought it to its end. */
async function killedIn(stage: Stage, load: Load, { phase, members, begin }: Change): Promise<void> {
  const start = performance.now();
  await begin();
  await stage.untilPhase(phase);
  await stage.killOperator();
  await stage.untilWell(members);
  await waitUntil("no other member", () => stage.members(), (seen) => seen.length === members, {
    timeoutMs: LONG_MS,
  });
  await stage.untilSynchronous();
  tell(`operator killed in ${phase}`, {
    "all well after": secondsSince(start),
    "write gap": load.gapSince(start),
  });
}

const parameters = { shared_buffers: "32MB", max_connections: "60" };

onNodes(
  "an operator that is killed in any phase of a cluster is followed by one that goes on, and no row is lost",
  async (stage, t) => {
    await t.step("Creating", async () => {
      await stage.apply({ replicas: 2 });
      await stage.untilPhase("Creating");
      await stage.killOperator();
      await stage.untilWell(2);
    });
    await stage.makeSynchronous();
    await using load = await startLoad(stage);

    await t.step("Scaling, out and in", async () => {
      for (const replicas of [3, 2]) {
        await killedIn(stage, load, {
          phase: "Scaling",
          members: replicas,
          begin: () => stage.apply({ replicas }),
        });
      }
    });

    await t.step("Updating, and once more when the primary has changed", async () => {
      const before = await stage.primary();
      await killedIn(stage, load, {
        phase: "Updating",
        members: 2,
        begin: async () => {
          await stage.apply({ replicas: 2, postgresqlParams: { ...parameters, max_connections: "70" } });
          await waitUntil("another primary", () => stage.leader(), (leader) => leader !== before.name, {
            timeoutMs: LONG_MS,
          });
          await stage.killOperator();
        },
      });
    });

    await t.step("Degraded", async () => {
      await killedIn(stage, load, {
        phase: "Degraded",
        members: 2,
        begin: async () => {
          const [standby] = (await stage.members()).filter(({ isPrimary }) => !isPrimary);
          await stage.client.request("DELETE", stage.path("pods", standby?.name));
        },
      });
    });

    assert.equal(await load.lost(), 0, "acknowledged rows are lost");

    await t.step("Deleting", async () => {
      await stage.client.request("DELETE", stage.clusterPath);
      await stage.untilPhase("Deleting");
      await stage.killOperator();
      await waitUntil("the cluster to be gone", () => stage.client.get(stage.clusterPath), (seen) => !seen, {
        timeoutMs: LONG_MS,
      });
      await waitUntil("its members to be gone", () => stage.members(), (left) => left.length === 0, {
        timeoutMs: LONG_MS,
      });
    });
  },
);
