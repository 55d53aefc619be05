import assert from "node:assert/strict";
import { appliedImagesAnnotation } from "../../../api/multigres/annotations.ts";
import { Cells } from "../../../api/multigres/cell.ts";
import { MultigresClusters } from "../../../api/multigres/multigres_cluster.ts";
import { multiadminName } from "../../../api/multigres/names.ts";
import { Shards } from "../../../api/multigres/shard.ts";
import { Deployments } from "../../../kube/kinds.ts";
import { fullyPinnedRecord } from "../../../resolve/image_record.ts";
import { availableImages, imageRevision, type ImageSet } from "../../../resolve/image_set.ts";
import { waitUntil } from "../../ground/wait_for.ts";
import { type ClusterStage, clusterTest, downToShards } from "../../support/cluster_stage.ts";
import type { RunningOperator } from "../../support/operator.ts";
import { cluster, conditionOf, eventsOf, messageOf, start, untilCondition } from "./support.ts";
import { untilQuiet } from "../../support/quiet.ts";

const PENDING = "ImageRolloutPending";

/** The images of one version of the operator. */
function version(tag: string): ImageSet {
  return availableImages({
    multiadmin: `admin:${tag}`,
    multiadminWeb: `web:${tag}`,
    multigateway: `gateway:${tag}`,
    multiorch: `orch:${tag}`,
    multipooler: `pooler:${tag}`,
    postgres: `postgres:${tag}`,
  });
}

const one = version("1");
const two = version("2");
const revisions = { one: imageRevision(one), two: imageRevision(two) };

function startVersion(stage: ClusterStage, available: ImageSet): RunningOperator {
  return start(stage, { setUp: downToShards({ images: { available, strategy: "immediate" } }) });
}

/** What the parts of the cluster run, from the admin component down to the shard. */
async function running({ client, namespace }: ClusterStage): Promise<string> {
  const { spec } = await client.get(Deployments, { namespace, name: multiadminName("c") });
  const [cell] = await client.listAll(Cells.resource, { namespace });
  const [shard] = await client.listAll(Shards.resource, { namespace });
  const { multiorch, multipooler, postgres } = shard?.spec.images ?? {};
  const images = [spec?.template.spec?.containers[0]?.image, cell?.spec.images?.multigateway];
  return [...images, multiorch, multipooler, postgres].join();
}

const all = (tag: string) =>
  ["admin", "gateway", "orch", "pooler", "postgres"].map((name) => `${name}:${tag}`).join();

const untilRunning = (stage: ClusterStage, images: string) =>
  waitUntil(images, () => running(stage), (seen) => seen === images);

const lazy = (acknowledgedRevision?: string) =>
  cluster("c", {
    imageUpdatePolicy: { strategy: "lazy", ...(acknowledgedRevision ? { acknowledgedRevision } : {}) },
  });

async function told(stage: ClusterStage, reason: string): Promise<number> {
  const events = (await eventsOf(stage, "MultigresCluster", "c")).filter((event) => event.reason === reason);
  return events.reduce((sum, { count = 1 }) => sum + count, 0);
}

async function annotate({ client, namespace }: ClusterStage, value: string | null): Promise<void> {
  const annotations = { [appliedImagesAnnotation]: value };
  await client.patch(MultigresClusters.resource, { namespace, name: "c" }, { metadata: { annotations } });
}

clusterTest("with strategy immediate a newer operator brings its images, and says so once", async (stage) => {
  await stage.apply(cluster("c"));
  {
    await using _operator = startVersion(stage, one);
    await stage.untilPhase("c", "Healthy");
    assert.equal(await running(stage), all("1"));
  }
  await using newer = startVersion(stage, two);
  await untilRunning(stage, all("2"));
  const { status } = await stage.untilPhase("c", "Healthy");
  assert.equal(status?.images?.appliedRevision, revisions.two);
  await untilQuiet(newer);
  assert.equal(await told(stage, "ImagesUpdated"), 1);
});

clusterTest("with strategy lazy they are held back until their revision is named", async (stage) => {
  await stage.apply(lazy());
  {
    await using _operator = startVersion(stage, one);
    await stage.untilPhase("c", "Healthy");
  }
  await using newer = startVersion(stage, two);
  const held = await untilCondition(stage, "c", [PENDING, "True/AwaitingAcknowledgement"]);
  assert.match(messageOf(held, PENDING), new RegExp(revisions.two));
  assert.equal(held.status?.images?.appliedRevision, revisions.one);
  assert.equal(held.status?.images?.availableRevision, revisions.two);
  await untilQuiet(newer);
  assert.equal(await running(stage), all("1"));

  await stage.apply(lazy("0123456789ab"));
  await untilCondition(stage, "c", [PENDING, "True/RevisionMismatch"]);
  await untilQuiet(newer);
  assert.equal(await running(stage), all("1"));
  assert.equal(await told(stage, "ImagesRevisionMismatch"), 1);

  await stage.apply(lazy(revisions.two));
  await untilRunning(stage, all("2"));
  await untilCondition(stage, "c", [PENDING, "False/UpToDate"]);
  await stage.untilPhase("c", "Healthy");
  await untilQuiet(newer);
  assert.equal(await told(stage, "ImagesUpdated"), 1);
});

clusterTest(
  "pinned images run whatever the operator brings, and all of them pinned settle the question",
  async (stage) => {
    const pins = { ...version("mine") };
    await stage.apply(cluster("c", { images: { postgres: "postgres:mine" } }));
    await using _operator = startVersion(stage, one);
    const mixed = await stage.untilPhase("c", "Healthy");
    assert.equal(mixed.status?.images?.source, "mixed");
    assert.equal(await running(stage), all("1").replace("postgres:1", "postgres:mine"));

    await stage.apply(cluster("c", { images: pins }));
    const seen = await untilCondition(stage, "c", [PENDING, "False/FullyPinned"]);
    await untilRunning(stage, all("mine"));
    assert.equal(seen.metadata.annotations?.[appliedImagesAnnotation], fullyPinnedRecord);
    assert.deepEqual(Object.keys(seen.status?.images ?? {}).sort(), ["effective", "source"]);

    await stage.apply(cluster("c"));
    await untilRunning(stage, all("1"));
    await untilCondition(stage, "c", [PENDING, "False/UpToDate"]);
  },
);

clusterTest("a record that a hand spoiled or took away is put right from the status", async (stage) => {
  await stage.apply(lazy());
  {
    await using _operator = startVersion(stage, one);
    await stage.untilPhase("c", "Healthy");
  }
  await using newer = startVersion(stage, two);
  await untilCondition(stage, "c", [PENDING, "True/AwaitingAcknowledgement"]);
  for (const [at, nonsense] of ['{"postgres":7}', "nonsense", null].entries()) {
    await annotate(stage, nonsense);
    const record = async () =>
      (await stage.cluster("c")).metadata.annotations?.[appliedImagesAnnotation] ?? "";
    await waitUntil("the record", record, (seen) => seen.includes("postgres:1"));
    await untilQuiet(newer);
    assert.equal(await running(stage), all("1"));
    assert.equal(await told(stage, "ImagesRecordInvalid"), Math.min(at + 1, 2));
  }
});

clusterTest(
  "where neither record nor status tells what runs, nothing is changed until a hand decides",
  async (stage) => {
    await stage.apply(lazy());
    {
      await using _operator = startVersion(stage, one);
      await stage.untilPhase("c", "Healthy");
    }
    await annotate(stage, "nonsense");
    const path = { namespace: stage.namespace, name: "c" };
    await stage.client.patch(MultigresClusters.resource, path, { status: { images: null } }, "status");
    await using newer = startVersion(stage, two);
    const seen = await untilCondition(stage, "c", ["SpecAccepted", "False/ImagesRecordInvalid"]);
    assert.match(messageOf(seen, "SpecAccepted"), /Remove the annotation to take the operator's images/);
    await untilQuiet(newer);
    assert.equal(await running(stage), all("1"));
    assert.equal(seen.status?.phase, "Progressing");
    await annotate(stage, null);
    await untilRunning(stage, all("2"));
    await stage.untilPhase("c", "Healthy");
    assert.equal(conditionOf(await stage.cluster("c"), "SpecAccepted"), "True/Accepted");
  },
);
