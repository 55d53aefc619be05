import assert from "node:assert/strict";
import {
  adoptOperatorChangesAnnotation,
  specHashAnnotation,
  userHashAnnotation,
} from "../../../api/multigres/annotations.ts";
import { waitUntil } from "../../ground/wait_for.ts";
import { Chronicle } from "./chronicle.ts";
import { conditionOf, messageOf, pool, type ShardStage, shardTest, untilQuiet } from "./support.ts";

/** Pods as another operator would have left them: with a hash that is not ours, and without the user's. */
async function asOthersMadeThem(stage: ShardStage, userHash: string | null | undefined): Promise<void> {
  for (const { metadata } of await stage.pods()) {
    const annotations = {
      [specHashAnnotation]: "0badc0de",
      ...(userHash === undefined ? {} : { [userHashAnnotation]: userHash }),
    };
    await stage.patchMetadata("pods", metadata.name, { annotations });
  }
}

async function annotated(stage: ShardStage, key: string): Promise<(string | undefined)[]> {
  return (await stage.pods()).map(({ metadata }) => metadata.annotations?.[key]);
}

async function begin(stage: ShardStage): Promise<void> {
  await stage.apply();
  await using operator = stage.operator();
  await stage.untilSettled();
  await untilQuiet(operator);
}

shardTest(
  "pods of another operator are taken on as they are, and follow the user's next change",
  {},
  async (stage) => {
    await begin(stage);
    await asOthersMadeThem(stage, null);
    const log = new Chronicle(stage.plane);
    await using operator = stage.operator({ prepare: log.follow });
    await waitUntil(
      "their stamps",
      () => annotated(stage, userHashAnnotation),
      (all) => all.every((hash) => hash !== undefined),
    );
    const seen = await stage.untilSettled();
    await untilQuiet(operator);
    assert.equal(log.deletions.length, 0);
    assert.deepEqual(await annotated(stage, specHashAnnotation), ["0badc0de", "0badc0de", "0badc0de"]);
    assert.match(messageOf(seen, "RollingUpdate"), /^All pods run what is wanted/);
    await stage.apply({ pools: { main: pool({ postgres: { resources: { limits: { cpu: "1" } } } }) } });
    await waitUntil(
      "a rollout",
      () => log.deletions.length,
      (count) => count === 3,
      { timeoutMs: 60_000 },
    );
    await stage.untilSettled();
  },
);

shardTest(
  "what only the operator would make otherwise restarts nothing without the user's consent",
  {},
  async (stage) => {
    await begin(stage);
    await asOthersMadeThem(stage, undefined);
    const log = new Chronicle(stage.plane);
    await using operator = stage.operator({ prepare: log.follow });
    const held = await stage.until(
      "that it is held",
      (shard) => messageOf(shard, "RollingUpdate").includes("3 of them"),
    );
    assert.equal(conditionOf(held, "RollingUpdate"), "False/PodsUpToDate");
    await untilQuiet(operator);
    assert.equal(log.deletions.length, 0);
    await stage.annotate({ [adoptOperatorChangesAnnotation]: "true" });
    await waitUntil("a rollout", () => log.deletions.length, (count) => count === 3, { timeoutMs: 60_000 });
    await stage.untilSettled();
    assert.deepEqual(log.deletions.flatMap(({ unsettled }) => unsettled), []);
  },
);
