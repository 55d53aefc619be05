import assert from "node:assert/strict";
import type { Applied } from "../../kube/client.ts";
import { isRecord } from "../../kube/errors.ts";
import type { KubeObject } from "../../kube/types.ts";
import { viewOf } from "../../tests/support/cluster_view.ts";
import { clusterSpec, readDocuments, templatesOf } from "../../tests/support/multigres_specs.ts";
import { withoutServerDefaults } from "../../tests/support/server_defaults.ts";
import { desiredCells } from "./desired_cells.ts";
import { desiredGatewayService, desiredReplicaGatewayService } from "./desired_gateway_services.ts";
import { desiredGlobalTopoServer } from "./desired_global_topo_server.ts";
import { desiredMultiadminDeployment, desiredMultiadminService } from "./desired_multiadmin.ts";
import { desiredMultiadminWebDeployment, desiredMultiadminWebService } from "./desired_multiadmin_web.ts";
import { desiredTableGroups } from "./desired_table_groups.ts";
import type { ClusterView } from "./view.ts";

type Json = Record<string, unknown>;

/** Arguments of multiadmin that differ on purpose: the Go operator writes the same two whatever the cluster says. */
const otherArguments: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  minimal: {
    "--topo-global-server-addresses=minimal-global-topo.fx-minimal.svc:2379":
      "--topo-global-server-addresses=http://127.0.0.1:2379",
    "--topo-global-root=/multigres/global": "--topo-global-root=/minimal/global",
  },
  rich: {
    "--topo-global-server-addresses=rich-global-topo.fx-rich.svc:2379":
      "--topo-global-server-addresses=http://127.0.0.1:2379",
    "--topo-global-root=/multigres/global": "--topo-global-root=/rich/global",
  },
  managed_topology: {},
};

async function exampleView(name: string): Promise<ClusterView> {
  const file = new URL(`../../tests/fixtures/multigres/${name}.yaml`, import.meta.url);
  const documents = await readDocuments(file);
  const ofKind = (kind: string) => documents.filter((document) => document["kind"] === kind);
  const templates = ofKind("ShardTemplate").map((template) => [nameOf(template), template["spec"]]);
  const [cluster] = ofKind("MultigresCluster");
  assert.ok(cluster && isRecord(cluster["spec"]));
  return viewOf(clusterSpec(cluster["spec"]), {
    name: nameOf(cluster),
    namespace: `fx-${name.replaceAll("_", "-")}`,
    templates: templatesOf({ ShardTemplate: Object.fromEntries(templates) }),
  });
}

function nameOf(object: Json): string {
  const metadata = object["metadata"];
  assert.ok(isRecord(metadata) && typeof metadata["name"] === "string");
  return metadata["name"];
}

/** Everything that is built for a cluster, by kind and name. Specs of our own kinds are recorded elsewhere. */
function builtFor(view: ClusterView): Map<string, unknown> {
  const server = desiredGlobalTopoServer(view);
  const metadataOf = ({ metadata }: Applied<KubeObject>) => ({ metadata });
  const objects: [string, Applied<KubeObject>][] = [
    ...desiredCells(view).map((cell): [string, Applied<KubeObject>] => ["Cell", metadataOf(cell)]),
    ...desiredTableGroups(view).map((
      group,
    ): [string, Applied<KubeObject>] => ["TableGroup", metadataOf(group)]),
    ...server === undefined
      ? []
      : [["TopoServer", metadataOf(server)]] satisfies [string, Applied<KubeObject>][],
    ["Deployment", desiredMultiadminDeployment(view)],
    ["Service", desiredMultiadminService(view)],
    ["Deployment", desiredMultiadminWebDeployment(view)],
    ["Service", desiredMultiadminWebService(view)],
    ["Service", desiredGatewayService(view)],
    ["Service", desiredReplicaGatewayService(view)],
  ];
  return new Map(
    objects.map(([kind, object]) => [`${kind}/${object.metadata.name}`, comparable(kind, object)]),
  );
}

/** Without identities that no two runs share, and without what the API server fills in. */
function comparable(kind: string, object: object): unknown {
  const plain: unknown = withoutServerDefaults({ kind, ...object });
  assert.ok(isRecord(plain) && isRecord(plain["metadata"]));
  const { namespace: _, ownerReferences, ...metadata } = plain["metadata"];
  assert.ok(Array.isArray(ownerReferences));
  const owners = ownerReferences.filter(isRecord).map(({ uid: _, ...owner }) => owner);
  return { ...plain, metadata: { ...metadata, ownerReferences: owners } };
}

/** What was recorded, with the arguments that differ on purpose replaced; each of them must be there. */
async function recordedFor(name: string): Promise<Map<string, unknown>> {
  const documents = await readDocuments(new URL(`fixtures/recorded_${name}.yaml`, import.meta.url));
  let text = JSON.stringify(documents.map((document) => [
    `${document["kind"]}/${nameOf(document)}`,
    comparable(String(document["kind"]), document),
  ]));
  for (const [theirs, ours] of Object.entries(otherArguments[name] ?? {})) {
    assert.equal(text.split(JSON.stringify(theirs)).length, 2, `${theirs} is recorded once`);
    text = text.replace(JSON.stringify(theirs), JSON.stringify(ours));
  }
  const entries: unknown = JSON.parse(text);
  assert.ok(Array.isArray(entries));
  return new Map(entries);
}

for (const name of ["minimal", "rich", "managed_topology"]) {
  Deno.test(`the ${name} cluster gets exactly the recorded objects but for the topology address of multiadmin`, async () => {
    const built = builtFor(await exampleView(name));
    const recorded = await recordedFor(name);
    // Its etcd was recorded on nodes that run nothing, so the Go operator never came to the TableGroups.
    if (name === "managed_topology") built.delete("TableGroup/managed-postgres-default-162d5330");
    assert.deepEqual([...built.keys()].sort(), [...recorded.keys()].sort());
    for (const [key, object] of recorded) assert.deepEqual(built.get(key), object, key);
  });
}
