import assert from "node:assert/strict";
import { projectRefAnnotation } from "../../api/multigres/annotations.ts";
import { viewOf } from "../../tests/support/cluster_view.ts";
import { clusterSpec } from "../../tests/support/multigres_specs.ts";
import { desiredCells } from "./desired_cells.ts";
import { desiredGlobalTopoServer } from "./desired_global_topo_server.ts";
import { desiredTableGroups } from "./desired_table_groups.ts";

const cells = [{ name: "b", zoneId: "use1-az1" }, { name: "a", region: "eu" }];
const external = { globalTopoServer: { external: { endpoints: ["https://e:2379"], caSecret: "authority" } } };

Deno.test("each cell has a Cell that says where it belongs and who owns it", () => {
  const built = desiredCells(viewOf(clusterSpec({ cells })));
  assert.deepEqual(built.map(({ metadata }) => metadata.labels?.["multigres.com/cell"]), ["b", "a"]);
  assert.deepEqual(built.map(({ spec }) => [spec?.name, spec?.allCells]), [["b", ["a", "b"]], ["a", [
    "a",
    "b",
  ]]]);
  for (const { metadata } of built) {
    assert.equal(metadata.namespace, "shop");
    assert.deepEqual(metadata.ownerReferences, [{
      apiVersion: "multigres.com/v1alpha1",
      kind: "MultigresCluster",
      name: "c",
      uid: "uid-of-the-cluster",
      controller: true,
      blockOwnerDeletion: true,
    }]);
  }
});

Deno.test("a cluster without cells has no Cells, and still its table group", () => {
  const view = viewOf(clusterSpec({}));
  assert.deepEqual(desiredCells(view), []);
  assert.deepEqual(desiredTableGroups(view).map(({ spec }) => [spec?.databaseName, spec?.tableGroupName]), [
    ["postgres", "default"],
  ]);
});

Deno.test("the project goes to Cells and TableGroups when the user names one, and other annotations do not", () => {
  const annotations = { [projectRefAnnotation]: "p", "example.org/owner": "me" };
  const annotationsOf = (view: ReturnType<typeof viewOf>) =>
    [...desiredCells(view), ...desiredTableGroups(view)].map(({ metadata }) => metadata.annotations);
  const project = { [projectRefAnnotation]: "p" };
  assert.deepEqual(annotationsOf(viewOf(clusterSpec({ cells }), { annotations })), [
    project,
    project,
    project,
  ]);
  assert.deepEqual(annotationsOf(viewOf(clusterSpec({ cells }))), [undefined, undefined, undefined]);
});

Deno.test("a TopoServer is made unless the topology is external, which children are then told of", () => {
  assert.equal(desiredGlobalTopoServer(viewOf(clusterSpec({})))?.metadata.name, "c-global-topo");
  const view = viewOf(clusterSpec({ cells, ...external }));
  assert.equal(desiredGlobalTopoServer(view), undefined);
  const children = [...desiredCells(view), ...desiredTableGroups(view)];
  for (const { spec } of children) {
    assert.equal(spec?.globalTopoServer.address, "https://e:2379");
    assert.equal(spec?.globalTopoServer.caSecret, "authority");
  }
});
