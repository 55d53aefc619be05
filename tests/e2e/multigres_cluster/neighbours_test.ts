/** Clusters that are given the same place in a topology server, on an operator whose webhook nobody asked. */
import assert from "node:assert/strict";
import { Cells } from "../../../api/multigres/cell.ts";
import { clusterLabel } from "../../../api/multigres/labels.ts";
import { type ClusterStage, clusterTest } from "../../support/cluster_stage.ts";
import {
  cluster,
  conditionOf,
  drop,
  eventsOf,
  external,
  keysBelow,
  messageOf,
  start,
  untilCondition,
  untilGone,
} from "./support.ts";

/** In the place that all of them have here. Names tell who is older, as all come within a second or two. */
function sharer(name: string, fields: Readonly<Record<string, unknown>> = {}): string {
  return cluster(name, { globalTopoServer: external("shared"), ...fields });
}

const otherCell = [{ name: "zone-b", zoneId: "use1-azb" }];

const recordsOf = ({ endpoint, root }: ClusterStage) => keysBelow(endpoint, `${root}/shared`);

const cellsOf = ({ client, namespace }: ClusterStage, name: string) =>
  client.listAll(Cells.resource, { namespace, labels: `${clusterLabel}=${name}` });

async function untilRefused(stage: ClusterStage, name: string, neighbour: string): Promise<void> {
  const seen = await untilCondition(stage, name, ["SpecAccepted", "False/ConfigError"]);
  assert.match(
    messageOf(seen, "SpecAccepted"),
    new RegExp(
      `globalTopoServer.external.rootPath.* MultigresCluster \\S+/${neighbour} has its records there`,
    ),
  );
  assert.deepEqual(await cellsOf(stage, name), []);
}

clusterTest(
  "the second cluster in a place is not made, and takes nothing along when it goes",
  async (stage) => {
    await stage.apply(sharer("a"));
    await using _operator = start(stage);
    await stage.untilPhase("a", "Healthy");
    const records = await recordsOf(stage);
    assert.equal(records.length, 2, "a cell and a database");

    await stage.apply(sharer("b", { cells: otherCell }));
    await untilRefused(stage, "b", "a");
    assert.deepEqual(await recordsOf(stage), records);
    assert.equal(conditionOf(await stage.cluster("a"), "SpecAccepted"), "True/Accepted");

    await drop(stage, "b");
    await untilGone(stage, "b");
    assert.deepEqual(await recordsOf(stage), records);
    const reasons = (await eventsOf(stage, "MultigresCluster", "b")).map(({ reason }) => reason);
    assert.ok(!reasons.includes("TopoCleanupFailed"), "it left nothing there");
  },
);

clusterTest("the second cluster gets the place when the first one leaves it", async (stage) => {
  await stage.apply(sharer("a"));
  await stage.apply(sharer("b", { cells: otherCell }));
  await using _operator = start(stage);
  await stage.untilPhase("a", "Healthy");
  await untilRefused(stage, "b", "a");
  await drop(stage, "a");
  await untilGone(stage, "a");
  await stage.untilPhase("b", "Healthy");
  assert.deepEqual(
    (await recordsOf(stage)).filter((key) => key.includes("/cells/")),
    [`${stage.root}/shared/cells/zone-b/Cell`],
  );
});

clusterTest(
  "where nobody prunes a place may be shared, and nobody's records are taken away",
  async (stage) => {
    const kept = { topologyPruning: { enabled: false } };
    await stage.apply(sharer("a", kept));
    await stage.apply(sharer("b", { cells: otherCell, ...kept }));
    await using _operator = start(stage);
    for (const name of ["a", "b"]) await stage.untilPhase(name, "Healthy");
    const records = await recordsOf(stage);
    assert.equal(records.filter((key) => key.includes("/cells/")).length, 2);

    // Admission would refuse it. Here the older one is let have its way, but not at the cost of the other.
    await stage.apply(sharer("a"));
    const pruning = await stage.untilPhase("a", "Healthy");
    assert.match(
      messageOf(pruning, "TopologyRegistered"),
      /; nothing is removed from it, as MultigresCluster \S+\/b has its records in the same place/,
    );
    await untilCondition(stage, "b", ["SpecAccepted", "False/ConfigError"]);
    assert.deepEqual(await recordsOf(stage), records);

    await drop(stage, "a");
    await untilGone(stage, "a");
    assert.deepEqual(await recordsOf(stage), records);
    const warnings = (await eventsOf(stage, "MultigresCluster", "a"))
      .filter(({ reason }) => reason === "TopoCleanupFailed").map(({ message }) => message);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? "", /as MultigresCluster \S+\/b has its own in the same place/);
    await stage.untilPhase("b", "Healthy");
  },
);
