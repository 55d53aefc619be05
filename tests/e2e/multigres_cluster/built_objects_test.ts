import assert from "node:assert/strict";
import { Cells } from "../../../api/multigres/cell.ts";
import { maxNameLength } from "../../../api/multigres/identifiers.ts";
import { operatorName } from "../../../api/multigres/labels.ts";
import { MultigresClusters } from "../../../api/multigres/multigres_cluster.ts";
import { TableGroups } from "../../../api/multigres/table_group.ts";
import { TopoServers } from "../../../api/multigres/topo_server.ts";
import { desiredCells } from "../../../controllers/multigres_cluster/desired_cells.ts";
import {
  desiredGatewayService,
  desiredReplicaGatewayService,
} from "../../../controllers/multigres_cluster/desired_gateway_services.ts";
import { desiredGlobalTopoServer } from "../../../controllers/multigres_cluster/desired_global_topo_server.ts";
import {
  desiredMultiadminDeployment,
  desiredMultiadminService,
} from "../../../controllers/multigres_cluster/desired_multiadmin.ts";
import {
  desiredMultiadminWebDeployment,
  desiredMultiadminWebService,
} from "../../../controllers/multigres_cluster/desired_multiadmin_web.ts";
import { desiredTableGroups } from "../../../controllers/multigres_cluster/desired_table_groups.ts";
import type { ClusterView } from "../../../controllers/multigres_cluster/view.ts";
import type { Applied, KubeClient } from "../../../kube/client.ts";
import { Deployments, type Service, Services } from "../../../kube/kinds.ts";
import type { KubeObject } from "../../../kube/types.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { withNamespace } from "../../ground/with_namespace.ts";
import { viewOf } from "../../support/cluster_view.ts";
import { clusterSpec } from "../../support/multigres_specs.ts";
import { installKinds, steadyClient } from "../../support/operator.ts";

interface Stage {
  readonly client: KubeClient;
  /** The view of a cluster that is really there, so that nobody collects what it owns. */
  view(spec: Readonly<Record<string, unknown>>): Promise<ClusterView>;
}

function scenario(sentence: string, name: string, run: (stage: Stage) => Promise<void>): void {
  Deno.test(sentence, (t) =>
    withNamespace(t, async ({ namespace }) => {
      using client = steadyClient(sharedCluster().connection, operatorName);
      await installKinds(client);
      const view = async (fields: Readonly<Record<string, unknown>>) => {
        const spec = clusterSpec(fields);
        const { metadata } = await client.apply(MultigresClusters.resource, {
          metadata: { name, namespace },
          spec,
        });
        assert.ok(metadata.uid);
        return viewOf(spec, { name, namespace, uid: metadata.uid });
      };
      await run({ client, view });
    }));
}

/** Applies everything that is built for a cluster, as the API server then holds it. */
async function applyAll(client: KubeClient, view: ClusterView): Promise<KubeObject[]> {
  const applied: KubeObject[] = [];
  for (const cell of desiredCells(view)) applied.push(await client.apply(Cells.resource, cell));
  for (const group of desiredTableGroups(view)) applied.push(await client.apply(TableGroups.resource, group));
  const server = desiredGlobalTopoServer(view);
  if (server !== undefined) applied.push(await client.apply(TopoServers.resource, server));
  for (const build of [desiredMultiadminDeployment, desiredMultiadminWebDeployment]) {
    applied.push(await client.apply(Deployments, build(view)));
  }
  const services = [
    desiredMultiadminService,
    desiredMultiadminWebService,
    desiredGatewayService,
    desiredReplicaGatewayService,
  ];
  for (const build of services) applied.push(await client.apply(Services, build(view)));
  return applied;
}

const longest = (start: string, length: number) => start.padEnd(length, "x");

scenario(
  "an API server takes every object of a cluster whose names are as long as they may be, with all there is to set",
  longest("cluster", maxNameLength.cluster),
  async ({ client, view }) => {
    const group = (name: string, isDefault: boolean) => ({ name, ...(isDefault ? { default: true } : {}) });
    const external = { enabled: true, externalIPs: ["192.0.2.7"], annotations: { "example.org/pool": "a" } };
    const applied = await applyAll(
      client,
      await view({
        cells: [{ name: longest("cell", maxNameLength.cell), zoneId: "z".repeat(63) }],
        databases: [{
          name: "postgres",
          default: true,
          tablegroups: [group("default", true), group(longest("group", maxNameLength.tableGroup), false)],
        }],
        externalGateway: external,
        externalAdminWeb: { enabled: true },
        images: { imagePullPolicy: "Always", imagePullSecrets: [{ name: "registry" }] },
        internalTLS: { enabled: true },
        observability: { otlpEndpoint: "http://collector:4318", samplingConfigRef: { name: "rules" } },
        globalTopoServer: {
          external: { endpoints: ["https://e:2379"], caSecret: "authority", clientCertSecret: "client" },
        },
      }),
    );
    assert.equal(applied.length, 9);
  },
);

scenario("an API server takes the objects of a cluster with nothing set", "c", async ({ client, view }) => {
  const applied = await applyAll(client, await view({}));
  assert.deepEqual(applied.map(({ metadata }) => metadata.name).slice(1), [
    "c-global-topo",
    "c-multiadmin",
    "c-multiadmin-web",
    "c-multiadmin",
    "c-multiadmin-web",
    "c-multigateway",
    "c-multigateway-replica",
  ]);
});

/** What a client from outside sees of a Service. */
function entranceOf({ metadata, spec }: Service) {
  return {
    type: spec?.type,
    externalIPs: spec?.externalIPs,
    annotations: metadata.annotations,
    nodePorts: spec?.ports?.map(({ nodePort }) => nodePort !== undefined),
  };
}

scenario("an entrance opens, changes its kind and closes, and leaves nothing behind", "c", async (stage) => {
  const after = async (externalGateway: object) => {
    const desired: Applied<Service> = desiredGatewayService(await stage.view({ externalGateway }));
    return entranceOf(await stage.client.apply(Services, desired));
  };
  const annotations = { "example.org/pool": "a" };
  const closed = { type: "ClusterIP", externalIPs: undefined, annotations: undefined, nodePorts: [false] };
  assert.deepEqual(await after({ enabled: false, annotations }), closed);
  const balanced = { type: "LoadBalancer", externalIPs: undefined, annotations, nodePorts: [true] };
  assert.deepEqual(await after({ enabled: true, annotations }), balanced);
  assert.deepEqual(await after({ enabled: true, externalIPs: ["192.0.2.7"] }), {
    ...closed,
    externalIPs: ["192.0.2.7"],
  });
  assert.deepEqual(await after({ enabled: true, annotations }), balanced);
  assert.deepEqual(await after({ enabled: false }), closed);
});
