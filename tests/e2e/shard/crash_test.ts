import assert from "node:assert/strict";
import { pendingDeletionAnnotation } from "../../../api/multigres/annotations.ts";
import { orphanSinceLabel } from "../../../api/multigres/labels.ts";
import {
  ConfigMaps,
  Deployments,
  PersistentVolumeClaims,
  PodDisruptionBudgets,
  Pods,
  Services,
} from "../../../kube/kinds.ts";
import type { Resource } from "../../../kube/resource.ts";
import { delay, waitUntil } from "../../ground/wait_for.ts";
import { dieAt, standing } from "../../support/crash.ts";
import type { FaultyTransport } from "../../support/faulty_transport.ts";
import { Chronicle } from "./chronicle.ts";
import { isSettled, pool, type ShardStage, shardTest, untilQuiet } from "./support.ts";

const kinds: readonly Resource[] = [
  ConfigMaps,
  Deployments,
  PersistentVolumeClaims,
  PodDisruptionBudgets,
  Pods,
  Services,
];

/** Brings a stage to where `isDone` holds. @returns how many operators that took */
type Drive = (isDone: () => Promise<boolean>) => Promise<number>;

/** One operator that nobody disturbs. */
function steadily(stage: ShardStage, log: Chronicle): Drive {
  return async (isDone) => {
    await using operator = stage.operator({ prepare: log.follow });
    await waitUntil("the end", isDone, (done) => done, { timeoutMs: 60_000 });
    await untilQuiet(operator);
    return 1;
  };
}

/** More operators than any chapter needs. */
const MOST = 80;

/**
 * Operators of which each ends right after its first write, without having heard of it, or right before its second: so each
 * write of the whole way is the last one of somebody.
 */
function byMany(stage: ShardStage, log: Chronicle, when: "before" | "after"): Drive {
  return async (isDone) => {
    for (let count = 1; count <= MOST; count++) {
      let fate = { dead: false } as { readonly dead: boolean };
      const prepare = (transport: FaultyTransport) => {
        log.follow(transport);
        fate = dieAt(transport, when === "after" ? 1 : 2, when);
      };
      await using _operator = stage.operator({ prepare });
      const ended = async () => fate.dead || (await isDone() && await isQuiet(() => fate.dead));
      await waitUntil("the end of an operator", ended, (done) => done, { timeoutMs: 60_000, intervalMs: 20 });
      if (!fate.dead) return count;
    }
    throw new Error(`${MOST} operators did not come to an end`);
  };
}

async function isQuiet(isDead: () => boolean): Promise<boolean> {
  await delay(1_000);
  return !isDead();
}

interface Chapter {
  readonly name: string;
  begin(stage: ShardStage): Promise<void>;
  isDone(stage: ShardStage): Promise<boolean>;
  /** Pods that go in it. */
  readonly deletions: number;
}

const settledWith = (count: number) => async (stage: ShardStage) => {
  const [shard, pods] = [await stage.find(), await stage.pods()];
  return shard !== undefined && isSettled(shard) && pods.length === count &&
    Object.keys(shard.status?.podRoles ?? {}).length === count;
};

const images = { multiorch: "m:1", multipooler: "p:1", postgres: "d:2" };
const two = { images, pools: { main: pool({ replicasPerCell: 2 }) } };

const chapters: readonly Chapter[] = [
  { name: "create", begin: (stage) => stage.apply(), isDone: settledWith(3), deletions: 0 },
  { name: "roll", begin: (stage) => stage.apply({ images }), isDone: settledWith(3), deletions: 3 },
  { name: "scale down", begin: (stage) => stage.apply(two), isDone: settledWith(2), deletions: 1 },
  {
    name: "prepare to go",
    begin: (stage) => stage.annotate({ [pendingDeletionAnnotation]: "2026-01-01T00:00:00Z" }),
    isDone: async (stage) =>
      (await stage.find())?.status?.conditions?.some(({ type }) => type === "ReadyForDeletion") ?? false,
    deletions: 2,
  },
  {
    name: "delete",
    begin: (stage) => stage.remove(),
    isDone: async (stage) => await stage.find() === undefined && (await stage.claims()).length === 0,
    deletions: 0,
  },
];

/** What the operator made, without what Kubernetes makes up. */
async function made({ client, namespace }: ShardStage): Promise<string[]> {
  const lines = await standing(client, namespace, kinds);
  return lines.filter((line) => !/^Pod \S+-multiorch-/.test(line))
    .map((line) => line.replaceAll(/pvc-[0-9a-f-]{36}|kube-api-access-\w{5}/g, "RANDOM"))
    .map((line) => line.replaceAll(new RegExp(`("${orphanSinceLabel}":)"[^"]+"`, "g"), '$1"SINCE"'));
}

/** What stands at the end of each chapter. */
async function live(
  stage: ShardStage,
  log: Chronicle,
  drive: Drive,
): Promise<Map<string, readonly string[]>> {
  const ends = new Map<string, readonly string[]>();
  for (const { name, begin, isDone, deletions } of chapters) {
    const before = log.deletions.length;
    await begin(stage);
    await drive(() => isDone(stage));
    assert.equal(log.deletions.length - before, deletions, `pods deleted to ${name}: ${log.deleted}`);
    ends.set(name, await made(stage));
    if (await stage.find() === undefined) continue;
    await using idle = stage.operator();
    await waitUntil("its first lists", () => idle.manager.readiness().ready, (ready) => ready);
    await untilQuiet(idle);
    assert.deepEqual(idle.transport.writes, [], `writes after "${name}"`);
  }
  assert.ok(log.deletions.every(({ led, pod }) => !led || pod === log.deleted.at(-1)));
  return ends;
}

const spec = { pvcDeletionPolicy: { whenDeleted: "Delete", whenScaled: "Delete" } } as const;
const undisturbed = Promise.withResolvers<Map<string, readonly string[]>>();
// Those who wait for it hear of a failure.
undisturbed.promise.catch(() => {});

shardTest("a shard lives from its creation to its end", { spec }, async (stage) => {
  const log = new Chronicle(stage.plane);
  try {
    undisturbed.resolve(await live(stage, log, steadily(stage, log)));
  } catch (error) {
    undisturbed.reject(error);
    throw error;
  }
});

for (const when of ["after", "before"] as const) {
  shardTest(`so does one whose operator ends ${when} every single write`, { spec }, async (stage) => {
    const log = new Chronicle(stage.plane);
    const ends = await live(stage, log, byMany(stage, log, when));
    for (const [chapter, expected] of await undisturbed.promise) {
      const found = ends.get(chapter) ?? [];
      const other = found.filter((line) => !expected.includes(line));
      const missing = expected.filter((line) => !found.includes(line));
      assert.deepEqual({ other, missing }, { other: [], missing: [] }, `what stands after "${chapter}"`);
    }
  });
}
