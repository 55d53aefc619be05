/** What the tests of Cells have in common: the operator with the controllers that a Cell needs, and ways to look. */
import { type Cell, Cells } from "../../../api/multigres/cell.ts";
import { gatewayDeploymentName, localTopoServerName } from "../../../api/multigres/names.ts";
import { cellController } from "../../../controllers/cell/controller.ts";
import { topoServerController } from "../../../controllers/topo_server/controller.ts";
import type { KubeClient } from "../../../kube/client.ts";
import type { Manager } from "../../../kube/manager.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { waitUntil } from "../../ground/wait_for.ts";
import { withNamespace } from "../../ground/with_namespace.ts";
import { installKinds, type RunningOperator, startOperator, steadyClient } from "../../support/operator.ts";

export const clusterName = "minimal";
export const cellObject = "minimal-zone-a";

/** Gateway of the cell, by name of Deployment and Service alike. */
export const gateway = gatewayDeploymentName(clusterName, "zone-a");
export const localTopo = localTopoServerName(cellObject);

/** The controllers that a Cell needs. */
export function setUp(manager: Manager): void {
  manager.add(cellController({ telemetry: {} }));
  manager.add(topoServerController);
}

/** A Cell made by hand; the fake nodes of the ground carry its zone. */
export function cellSpec(changes: Partial<Cell["spec"]> = {}): Cell["spec"] {
  return {
    name: "zone-a",
    zoneId: "use1-aza",
    globalTopoServer: { address: "topo:2379", implementation: "etcd", rootPath: "/multigres/global" },
    images: { multigateway: "gateway:1" },
    multigateway: { replicas: 2 },
    ...changes,
  };
}

/** A managed etcd of one member. */
export const ownEtcd: Partial<Cell["spec"]> = {
  topoServer: { etcd: { replicas: 1, storage: { size: "1Gi" } } },
};

export async function applyCell(
  client: KubeClient,
  namespace: string,
  changes: Partial<Cell["spec"]> = {},
): Promise<Cell> {
  const labels = { "multigres.com/cluster": clusterName };
  const metadata = { namespace, name: cellObject, labels };
  return await client.apply(Cells.resource, { metadata, spec: cellSpec(changes) });
}

export interface Stage {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly operator: RunningOperator;
  apply(changes?: Partial<Cell["spec"]>): Promise<Cell>;
  status(): Promise<Cell["status"]>;
  untilPhase(phase: string): Promise<Cell["status"]>;
  /** Waits until a condition stands as `Status/Reason`. */
  untilCondition(type: string, expected: string): Promise<Cell["status"]>;
}

/** `Status/Reason` of a condition. */
export function conditionOf(status: Cell["status"], type: string): string {
  const found = status?.conditions?.find((each) => each.type === type);
  return `${found?.status}/${found?.reason}`;
}

/** @param controllers those that work; all that a Cell needs when absent. */
export function scenario(
  name: string,
  run: (stage: Stage) => Promise<void>,
  controllers: (manager: Manager) => void = setUp,
): void {
  Deno.test(name, (t) =>
    withNamespace(t, async ({ namespace }) => {
      using client = steadyClient(sharedCluster().connection);
      await installKinds(client);
      const namespaces = [namespace];
      await using operator = startOperator(sharedCluster().connection, { setUp: controllers, namespaces });
      const status = async () => (await client.get(Cells.resource, { namespace, name: cellObject })).status;
      await run({
        client,
        namespace,
        operator,
        status,
        apply: (changes) => applyCell(client, namespace, changes),
        untilPhase: (phase) => waitUntil(`phase ${phase}`, status, (seen) => seen?.phase === phase),
        untilCondition: (type, expected) =>
          waitUntil(`${type} ${expected}`, status, (seen) => conditionOf(seen, type) === expected),
      });
    }));
}
