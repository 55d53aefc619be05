import assert from "node:assert/strict";
import { at } from "../../ground/json.ts";
import { kubectl } from "../../ground/kubectl.ts";
import type { Manifest } from "../../support/rule_cases.ts";
import { fixtures, type KindName, Objects, withKinds } from "./multigres_support.ts";

function condition(type: string, status: string): Manifest {
  return { type, status, reason: "Tested", message: "", lastTransitionTime: "2026-01-01T00:00:00Z" };
}

/** Header and rows, as columns. */
function table(text: string): string[][] {
  return text.trim().split("\n").map((line) => line.trim().split(/\s{2,}/));
}

const images = { effective: {}, source: "defaults", appliedRevision: "0123456789ab" };

const statuses: Readonly<Partial<Record<KindName, Manifest>>> = {
  MultigresCluster: { phase: "Healthy", images, conditions: [condition("Available", "True")] },
  Cell: {
    phase: "Degraded",
    gatewayReplicas: 3,
    gatewayReadyReplicas: 2,
    conditions: [condition("Ready", "False"), condition("Available", "True")],
  },
  TableGroup: { phase: "Progressing", readyShards: 1, totalShards: 2 },
  Shard: {
    phase: "Healthy",
    orchReady: true,
    poolsReady: true,
    readyReplicas: 2,
    podRoles: { "p-0": "PRIMARY", "p-1": "QUARANTINED" },
    conditions: [condition("Available", "True")],
  },
  TopoServer: { phase: "Initializing", conditions: [condition("Ready", "False")] },
};

async function stage(objects: Objects): Promise<void> {
  const templates = (await fixtures("templates")).filter(({ metadata }) =>
    at({ metadata }, "metadata", "name") === "default"
  );
  for (const manifest of [...await fixtures("minimal"), ...await fixtures("children"), ...templates]) {
    const created = await objects.create(manifest.kind, manifest);
    assert.equal(created.status, 201, JSON.stringify(created.body));
    const status = statuses[manifest.kind];
    if (status === undefined) continue;
    const answer = await objects.setStatus(manifest.kind, String(at(manifest, "metadata", "name")), status);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
  }
}

Deno.test("kubectl get shows how each object is, by short names, too", (t) =>
  withKinds(t, async (scope) => {
    await stage(new Objects(scope));
    const get = async (...args: string[]) =>
      table(await kubectl(["get", ...args], { namespace: scope.namespace }));
    const [header, row = []] = await get("mgc");
    assert.deepEqual(header, ["NAME", "AVAILABLE", "AGE", "PHASE"]);
    assert.deepEqual([row[0], row[1], row[3]], ["minimal", "True", "Healthy"]);
    const [wideHeader, wideRow] = await get("mgc", "-o", "wide");
    assert.deepEqual([wideHeader?.at(-1), wideRow?.at(-1)], ["IMAGES", "0123456789ab"]);
    assert.deepEqual(await get("cel"), [
      ["NAME", "GATEWAY", "READY", "PHASE"],
      ["c-a-00000000", "2", "True", "Degraded"],
    ]);
    assert.deepEqual(await get("tbg"), [
      ["NAME", "SHARDS", "PHASE"],
      ["c-postgres-default-00000000", "1", "Progressing"],
    ]);
    assert.deepEqual(await get("srd"), [
      ["NAME", "READY", "PHASE"],
      ["c-postgres-default-0-inf-00000000", "True", "Healthy"],
    ]);
    assert.deepEqual(await get("tps"), [["NAME", "READY", "PHASE"], [
      "c-global-topo",
      "False",
      "Initializing",
    ]]);
    for (const template of ["cot", "cet", "sht"]) {
      assert.deepEqual((await get(template)).map((columns) => columns[0]), ["NAME", "default"]);
    }
    const all = await kubectl(["get", "multigres", "-o", "name"], { namespace: scope.namespace });
    assert.equal(all.trim().split("\n").length, 8);
  }));

Deno.test("a Shard tells its size through the scale subresource", (t) =>
  withKinds(t, async (scope) => {
    const objects = new Objects(scope);
    await stage(objects);
    const scale = await scope.client.get(
      `${objects.path("Shard", "c-postgres-default-0-inf-00000000")}/scale`,
    );
    assert.deepEqual([at(scale, "spec", "replicas"), at(scale, "status", "replicas")], [2, 2]);
  }));

Deno.test("kubectl explain tells what a field is for, however deep it lies", (t) =>
  withKinds(t, async () => {
    const expected: Readonly<Record<string, RegExp>> = {
      "multigrescluster": /A PostgreSQL cluster over one or more cells/,
      "multigrescluster.spec.cells.zone": /Zone of the cell by name.*topology\.kubernetes\.io\/zone/,
      "multigrescluster.spec.databases.tablegroups.shards.spec.pools.replicasPerCell":
        /Instances in each cell/,
      "multigrescluster.spec.databases.tablegroups.shards.overrides.multiorch.affinity.podAntiAffinity":
        /keep away from/,
      "cell.status.gatewayReadyReplicas": /Pods of the gateway that are ready/,
      "shard.spec.backup.s3.useEnvCredentials": /environment of the pods/,
      "toposerver.spec.etcd.resources.claims.request": /one request within the claim/,
      "celltemplate.spec.multigateway.buffer.window": /held back, such as 10s/,
    };
    for (const [path, text] of Object.entries(expected)) {
      const said = (await kubectl(["explain", path])).replaceAll(/\s+/g, " ");
      assert.match(said, text, path);
      assert.doesNotMatch(said, /<empty>/, path);
    }
  }));
