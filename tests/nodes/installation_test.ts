import assert from "node:assert/strict";
import { join } from "node:path";
import { makeImage } from "../../tools/image/build.ts";
import { versionIn } from "../../tools/image/entrypoint.ts";
import { realNodes } from "../ground/ground.ts";
import { type Manifest, RequestError } from "../ground/client.ts";
import { temporaryFolder } from "../ground/guard.ts";
import { at, isRecord, listAt, stringAt } from "../ground/json.ts";
import { runningMachines, shellIn } from "../ground/nodes/machine.ts";
import { shell } from "../ground/nodes/shell.ts";
import { readManifests, repository } from "../ground/operator.ts";
import { waitFor, waitUntil } from "../ground/wait_for.ts";
import { applyAll, namespace } from "../support/installation.ts";
import { LONG_MS } from "./cluster.ts";
import { secondsSince, tell } from "./figures.ts";
import { startLoad } from "./load.ts";
import { onNodes, type Stage } from "./stage.ts";

const IMAGE = "matriarch";
const BUILDS = { next: "matriarch:next" } as const;

const config: unknown = JSON.parse(await Deno.readTextFile(join(repository, "deno.json")));
const version = versionIn(config);

/** Another build of the same sources: a label more, so that its digest is another. */
const another = `
layout=$1 tag=$2
umoci config --image="$layout:$tag" --tag=next --config.label=matriarch.test/build=next
rm -f "$layout.tar"; tar -c -C "$layout" -f "$layout.tar" .
`;

/** Gives every node both builds. */
async function giveImages(folder: string): Promise<void> {
  await makeImage(folder);
  const layout = join(folder, "layout");
  await shell(another, layout, version);
  const script = 'ctr -n k8s.io images import --base-name "docker.io/library/$1" "$2" >/dev/null';
  for (const machine of runningMachines(realNodes().folder, realNodes().machines)) {
    await shellIn(machine, script, IMAGE, `${layout}.tar`);
  }
}

function withImage(objects: readonly Manifest[], image: string): Manifest[] {
  const text = JSON.stringify(objects).replaceAll(`"image":"${IMAGE}:${version}"`, `"image":"${image}"`);
  const changed: unknown = JSON.parse(text);
  return Array.isArray(changed) ? changed.filter(isRecord) : [];
}

const home = (kind: string) => `/api/v1/namespaces/${namespace}/${kind}`;
const deployments = `/apis/apps/v1/namespaces/${namespace}/deployments`;

async function untilRolledOut({ client }: Stage, image: string): Promise<void> {
  await waitUntil(
    `all replicas of the operator to run ${image}`,
    async () => {
      const [deployment] = await client.list(deployments);
      const pods = await client.list(home("pods"));
      return {
        status: at(deployment, "status"),
        images: pods.map(imageOf),
        of: at(deployment, "metadata", "generation"),
      };
    },
    ({ status, images, of }) =>
      at(status, "availableReplicas") === 2 && at(status, "updatedReplicas") === 2 &&
      at(status, "observedGeneration") === of && images.length === 2 &&
      images.every((each) => each === image),
    { timeoutMs: LONG_MS, intervalMs: 250 },
  );
}

function imageOf(pod: unknown): string | undefined {
  return stringAt(listAt(pod, "spec", "containers")[0], "image");
}

/**
 * Applies a change as soon as one passes: none does without the webhook, and the nodes learn a second late to which pods its
 * Service leads, when pods come as when they go.
 */
async function untilApplied(stage: Stage, changes: Manifest): Promise<void> {
  await waitFor("a change to pass", async () => {
    await stage.apply(changes);
    return true;
  }, { timeoutMs: 60_000 });
}

/** Name of the pod that leads. */
async function leaderOf({ client }: Stage): Promise<string> {
  const path = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
  return await waitFor("a leader", async () => {
    const pods = (await client.list(home("pods"))).map((pod) => stringAt(pod, "metadata", "name") ?? "");
    const holders = (await client.list(path)).map((lease) => stringAt(lease, "spec", "holderIdentity") ?? "");
    return pods.find((pod) => holders.some((holder) => holder.startsWith(pod)));
  }, { timeoutMs: 60_000 });
}

const lives = async (stage: Stage) =>
  (await stage.members()).map(({ uid, startedAt }) => `${uid} ${startedAt}`);

/**
 * A cluster's version does not change in place: no schema says so, only the webhook does. For a moment after a pod of the
 * operator is gone a call may go to it and end without an answer; then nothing is changed, and it is asked again.
 */
async function assertWebhookRefuses(stage: Stage): Promise<void> {
  const asked = () =>
    stage.merge(stage.clusterPath, { spec: { version: "16" } }).then(
      () => "it was let through",
      (error: unknown) => error instanceof RequestError ? error.message : String(error),
    );
  const answer = await waitUntil(
    "the webhook to answer",
    asked,
    (said) => !said.includes("failed calling webhook"),
    {
      timeoutMs: 60_000,
    },
  );
  assert.match(answer, /VersionChangeNotAllowed/);
}

onNodes(
  "the image of install.yaml serves its webhook, loses its leader and is upgraded, and databases notice nothing",
  async (stage, t) => {
    await using scratch = await temporaryFolder("matriarch-image-");
    await giveImages(join(scratch.path, "image"));
    const objects = await readManifests(join(repository, "deploy", "install.yaml"));
    try {
      await t.step("two replicas become ready", async () => {
        const start = performance.now();
        await applyAll(stage.client, objects);
        await untilRolledOut(stage, `${IMAGE}:${version}`);
        tell("operator installed", { after: secondsSince(start) });
      });

      await t.step("a cluster runs, and the webhook refuses what only it knows", async () => {
        await untilApplied(stage, { replicas: 2 });
        await stage.untilWell(2);
        await stage.makeSynchronous();
        await assertWebhookRefuses(stage);
      });

      await using load = await startLoad(stage);
      const before = await lives(stage);

      await t.step("the leader is killed, and another does what is asked for next", async () => {
        const leader = await leaderOf(stage);
        const start = performance.now();
        await stage.client.request("DELETE", `${home("pods")}/${leader}?gracePeriodSeconds=0`);
        await waitUntil("another leader", () => leaderOf(stage), (now) => now !== leader, {
          timeoutMs: LONG_MS,
        });
        const another = secondsSince(start);
        await untilApplied(stage, { replicas: 3 });
        tell("leader of the operator killed", {
          "another after": another,
          "changes pass after": secondsSince(start),
        });
        await stage.untilWell(3);
        await untilApplied(stage, { replicas: 2 });
        await stage.untilWell(2);
        assert.deepEqual(await lives(stage), before);
      });

      await t.step("another build takes over without touching a member", async () => {
        const start = performance.now();
        await untilRolledOut(stage, `${IMAGE}:${version}`);
        await applyAll(stage.client, withImage(objects, BUILDS.next));
        await untilRolledOut(stage, BUILDS.next);
        await waitUntil("a leader of the other build", () => leaderOf(stage), (name) => name !== "");
        await stage.untilWell(2);
        tell("operator upgraded", { after: secondsSince(start), "write gap": load.gapSince(start) });
        await assertWebhookRefuses(stage);
        assert.deepEqual(await lives(stage), before);
      });
      assert.equal(await load.lost(), 0, "acknowledged rows are lost");
    } finally {
      await uninstall(stage, objects);
    }
  },
  { installed: true },
);

/** Clusters go while their operator is there, then the operator goes; definitions stay for the other tests. */
async function uninstall(stage: Stage, objects: readonly Manifest[]): Promise<void> {
  await stage.removeClusters();
  const stays = ["CustomResourceDefinition", "Namespace"];
  for (const object of objects.filter(({ kind }) => !stays.includes(String(kind)))) {
    await stage.client.send("DELETE", await stage.client.pathOf(object));
  }
  await waitUntil(
    "the operator to be gone",
    () => stage.client.list(home("pods")),
    (pods) => pods.length === 0,
    {
      timeoutMs: LONG_MS,
    },
  );
}
