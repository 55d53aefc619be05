import assert from "node:assert/strict";
import { CellTemplates } from "../../../api/multigres/cell_template.ts";
import { Cells } from "../../../api/multigres/cell.ts";
import { CoreTemplates } from "../../../api/multigres/core_template.ts";
import { usesCoreTemplateLabel, usesShardTemplateLabel } from "../../../api/multigres/labels.ts";
import { Shards } from "../../../api/multigres/shard.ts";
import { ShardTemplates } from "../../../api/multigres/shard_template.ts";
import { Deployments } from "../../../kube/kinds.ts";
import type { Resource } from "../../../kube/resource.ts";
import { delay, waitUntil } from "../../ground/wait_for.ts";
import { type ClusterStage, clusterTest } from "../../support/cluster_stage.ts";
import { standing } from "../../support/crash.ts";
import { deleteNow } from "../../support/delete_now.ts";
import { cluster, kinds, manifest, messageOf, oneCell, start, untilCondition } from "./support.ts";

const shardTemplate = (memory: string, pools: readonly string[] = ["main"]) => ({
  multiorch: { replicas: 1 },
  pools: Object.fromEntries(pools.map((name) => [name, {
    type: "readWrite",
    replicasPerCell: 2,
    storage: { size: "2Gi" },
    postgres: { resources: { limits: { memory } } },
  }])),
});

const gatewayTemplate = (cpu: string) => ({
  multigateway: { replicas: 1, resources: { requests: { cpu } } },
});

const adminTemplate = (cpu: string) => ({
  multiadmin: { resources: { requests: { cpu } } },
  multiadminWeb: { resources: { requests: { cpu } } },
});

/** A cluster that takes settings from a template of each kind, each patched where it may be. */
const templated = cluster("c", {
  templateDefaults: { coreTemplate: "core", shardTemplate: "shard" },
  multiadminWeb: { templateRef: "core" },
  cells: [{
    name: "zone-a",
    zoneId: "use1-aza",
    cellTemplate: "cell",
    overrides: {
      multigateway: { replicas: 2, podLabels: { tier: "edge" } },
      multigatewayPlacement: { tolerations: [{ key: "edge", operator: "Exists" }] },
    },
  }],
  databases: [{
    name: "postgres",
    default: true,
    tablegroups: [{
      name: "default",
      default: true,
      shards: [{
        name: "0-inf",
        overrides: {
          multiorch: { resources: { requests: { cpu: "42m" } } },
          pools: { main: { storage: { size: "6Gi" } }, more: { type: "readWrite", replicasPerCell: 1 } },
          initdbArgs: "--data-checksums",
          postgresConfig: { work_mem: "8MB" },
        },
      }],
    }],
  }],
});

async function withTemplates(stage: ClusterStage): Promise<void> {
  await stage.apply(manifest("CoreTemplate", "core", adminTemplate("11m")));
  await stage.apply(manifest("CellTemplate", "cell", gatewayTemplate("12m")));
  await stage.apply(manifest("ShardTemplate", "shard", shardTemplate("1Gi")));
}

function drop({ client, namespace }: ClusterStage, resource: Resource, name: string): Promise<void> {
  return deleteNow(client, resource, { namespace, name });
}

/** What the parts were made from, in short. */
async function settings({ client, namespace }: ClusterStage) {
  const [cell] = await client.listAll(Cells.resource, { namespace });
  const [shard] = await client.listAll(Shards.resource, { namespace });
  const cpuOf = async (name: string) => {
    const { spec } = await client.get(Deployments, { namespace, name });
    return spec?.template.spec?.containers[0]?.resources?.requests?.["cpu"];
  };
  return {
    admin: [await cpuOf("c-multiadmin"), await cpuOf("c-multiadmin-web")].join(),
    gateway: [cell?.spec.multigateway?.replicas, cell?.spec.multigateway?.resources?.requests?.["cpu"]]
      .join(),
    pools: Object.entries(shard?.spec.pools ?? {}).map(([name, { storage, postgres }]) =>
      [name, storage?.size, postgres?.resources?.limits?.["memory"]].join(" ")
    ).sort().join(),
    multiorch: shard?.spec.multiorch?.resources?.requests?.["cpu"],
    initdbArgs: shard?.spec.initdbArgs,
    postgresConfig: shard?.spec.postgresConfig?.["work_mem"],
  };
}

const first = {
  admin: "11m,11m",
  gateway: "2,12m",
  pools: "main 6Gi 1Gi,more 1Gi 512Mi",
  multiorch: "42m",
  initdbArgs: "--data-checksums",
  postgresConfig: "8MB",
};

function untilSettings(stage: ClusterStage, expected: Partial<typeof first>): Promise<unknown> {
  const wanted = JSON.stringify({ ...first, ...expected });
  return waitUntil(wanted, () => settings(stage), (seen) => JSON.stringify(seen) === wanted);
}

clusterTest(
  "templates and what a cluster says over them reach its parts, and so does each change of a template",
  async (stage) => {
    await withTemplates(stage);
    await stage.apply(templated);
    await using _operator = start(stage);
    const { status, metadata } = await stage.untilPhase("c", "Healthy");
    assert.deepEqual(status?.resolvedTemplates, {
      cellTemplates: ["cell"],
      coreTemplates: ["core"],
      shardTemplates: ["shard"],
    });
    assert.equal(metadata.labels?.[usesShardTemplateLabel], "true");
    await untilSettings(stage, {});
    await stage.apply(manifest("CoreTemplate", "core", adminTemplate("21m")));
    await stage.apply(manifest("CellTemplate", "cell", gatewayTemplate("22m")));
    await stage.apply(manifest("ShardTemplate", "shard", shardTemplate("3Gi")));
    await untilSettings(stage, { admin: "21m,21m", gateway: "2,22m", pools: "main 6Gi 3Gi,more 1Gi 512Mi" });
    await stage.untilPhase("c", "Healthy");
  },
);

for (
  const { resource, spec } of [
    { resource: CoreTemplates.resource, spec: adminTemplate("31m") },
    { resource: CellTemplates.resource, spec: gatewayTemplate("32m") },
    { resource: ShardTemplates.resource, spec: shardTemplate("4Gi") },
  ]
) {
  clusterTest(
    `a ${resource.kind} in use that goes away leaves the parts as they are, says so, and counts again when it is back`,
    async (stage) => {
      const { client, namespace } = stage;
      await withTemplates(stage);
      await stage.apply(templated);
      await using _operator = start(stage);
      await stage.untilPhase("c", "Healthy");
      const before = await standing(client, namespace, kinds);
      const name = resource.kind.replace("Template", "").toLowerCase();
      await drop(stage, resource, name);
      const lost = await untilCondition(stage, "c", ["SpecAccepted", "False/TemplateMissing"]);
      assert.match(messageOf(lost, "SpecAccepted"), new RegExp(`no ${resource.kind} named ${name}`));
      assert.equal(lost.status?.phase, "Progressing");
      await delay(500);
      assert.deepEqual(await standing(client, namespace, kinds), before);

      await stage.apply(manifest(resource.kind, name, spec));
      await untilCondition(stage, "c", ["SpecAccepted", "True/Accepted"]);
      await untilSettings(stage, {
        ...(name === "core" ? { admin: "31m,31m" } : {}),
        ...(name === "cell" ? { gateway: "2,32m" } : {}),
        ...(name === "shard" ? { pools: "main 6Gi 4Gi,more 1Gi 512Mi" } : {}),
      });
      await stage.untilPhase("c", "Healthy");
    },
  );
}

clusterTest(
  "a template called default holds for clusters that name none; that it goes away is no wish to change them",
  async (stage) => {
    const { client, namespace } = stage;
    await stage.apply(manifest("CoreTemplate", "default", adminTemplate("17m")));
    await stage.apply(cluster("c"));
    await using _operator = start(stage);
    const { metadata } = await stage.untilPhase("c", "Healthy");
    assert.equal(metadata.labels?.[usesCoreTemplateLabel], "true");
    assert.equal((await settings(stage)).admin, "17m,17m");
    const before = await standing(client, namespace, kinds);
    await drop(stage, CoreTemplates.resource, "default");
    await untilCondition(stage, "c", ["SpecAccepted", "False/TemplateMissing"]);
    assert.deepEqual(await standing(client, namespace, kinds), before);

    await stage.apply(manifest("CoreTemplate", "default", adminTemplate("18m")));
    await waitUntil("the new settings", () => settings(stage), ({ admin }) => admin === "18m,18m");
    await drop(stage, CoreTemplates.resource, "default");
    await untilCondition(stage, "c", ["SpecAccepted", "False/TemplateMissing"]);
    await stage.apply(cluster("c", { logLevels: { multiadmin: "debug" } }));
    const after = await stage.untilPhase("c", "Healthy");
    assert.equal((await settings(stage)).admin, "100m,50m", "the built-in settings, as the user spoke since");
    assert.equal(after.metadata.labels?.[usesCoreTemplateLabel], undefined);
  },
);

clusterTest("a default template that appears later is taken up", async (stage) => {
  await stage.apply(cluster("c"));
  await using _operator = start(stage);
  await stage.untilPhase("c", "Healthy");
  await stage.apply(manifest("CoreTemplate", "default", adminTemplate("19m")));
  await waitUntil("the new settings", () => settings(stage), ({ admin }) => admin === "19m,19m");
});

clusterTest(
  "a pool that a template does not name any more stays, and it is said how to go on",
  async (stage) => {
    const { client, namespace } = stage;
    await stage.apply(manifest("ShardTemplate", "shard", shardTemplate("1Gi", ["main", "other"])));
    await stage.apply(cluster("c", { cells: oneCell, templateDefaults: { shardTemplate: "shard" } }));
    await using _operator = start(stage);
    await stage.untilPhase("c", "Healthy");
    const before = await standing(client, namespace, kinds);
    await assert.rejects(
      stage.apply(manifest("ShardTemplate", "shard", shardTemplate("1Gi", ["main"]))),
      /pools in the template can be added, not removed/,
    );
    await drop(stage, ShardTemplates.resource, "shard");
    await stage.apply(manifest("ShardTemplate", "shard", shardTemplate("1Gi", ["main"])));
    const refused = await untilCondition(stage, "c", ["SpecAccepted", "False/ConfigError"]);
    assert.match(
      messageOf(refused, "SpecAccepted"),
      /Cannot take pool other away from shard postgres\/default\/0-inf/,
    );
    await delay(500);
    assert.deepEqual(await standing(client, namespace, kinds), before);
    await stage.apply(manifest("ShardTemplate", "shard", shardTemplate("2Gi", ["main", "other"])));
    await stage.untilPhase("c", "Healthy");
    await waitUntil(
      "the other change",
      () => settings(stage),
      ({ pools }) => pools === "main 2Gi 2Gi,other 2Gi 2Gi",
    );
  },
);
