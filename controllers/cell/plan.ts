/**
 * From what is to what is to be done.
 *
 * | the cell          | own topology server | what happens                                                      |
 * | ----------------- | ------------------- | ----------------------------------------------------------------- |
 * | is asked to leave | any                 | its TopoServers are deleted; the gateway serves to the end        |
 * | has no gateway    | awaited, degraded   | the TopoServer is applied; the gateway waits until it is Healthy  |
 * | otherwise         | any                 | everything is applied                                             |
 *
 * A gateway that serves is not held back by its topology server: a change of it may be the cure, and Kubernetes keeps the
 * former pods until the new ones are ready.
 *
 * Children that the cell has no use for (its name within the cluster has changed, or it has no topology server any more)
 * are deleted last, after their successors were made.
 */
import { TopoServers } from "../../api/multigres/topo_server.ts";
import { Deployments, Services } from "../../kube/kinds.ts";
import { apply, type Plan, remove, type Step, tell, wait } from "../../kube/plan.ts";
import type { Resource } from "../../kube/resource.ts";
import type { Frozen, KubeObject, Stored } from "../../kube/types.ts";
import type { OperatorTelemetry } from "../components/telemetry_environment.ts";
import { isRemovalAsked } from "../removal.ts";
import { desiredGatewayDeployment } from "./desired_gateway_deployment.ts";
import { desiredGatewayService } from "./desired_gateway_service.ts";
import { desiredLocalTopoServer } from "./desired_local_topo_server.ts";
import { keptGateway } from "./former_gateway.ts";
import type { Observation } from "./observe.ts";

/** Reason of the wait for the cell's own topology server, and of the conditions that tell of it. */
export const LOCAL_TOPO_NOT_READY = "LocalTopoServerNotReady";

/** TopoServers are watched; this is only the longest time without another look. */
const TOPOLOGY_SECONDS = 300;

export function plan(seen: Observation, operator: OperatorTelemetry): Plan {
  const { cell, leftovers } = seen;
  if (isRemovalAsked(cell)) return removalOfTopology(seen);
  return [
    ...topologySteps(seen),
    apply(Services, desiredGatewayService(cell)),
    apply(Deployments, keptGateway(desiredGatewayDeployment(cell, { operator, ...seen }), seen)),
    ...leftovers.flatMap(({ resource, object }) => removalSteps(resource, object)),
  ];
}

/** Whether the cell itself may go: it was asked to, and none of its topology servers is left. */
export function mayLeave({ cell, topoServers }: Observation): boolean {
  return isRemovalAsked(cell) && topoServers.length === 0;
}

/** Why the first gateway cannot be made yet. */
function obstacleOf({ topology, deployment }: Observation): string | undefined {
  if (deployment !== undefined) return undefined;
  switch (topology.kind) {
    case "none":
    case "ready":
      return undefined;
    case "awaited":
    case "degraded":
      return topology.message;
  }
}

function topologySteps(seen: Observation): Step[] {
  const desired = desiredLocalTopoServer(seen.cell);
  if (desired === undefined) return [];
  const obstacle = obstacleOf(seen);
  const step = apply(TopoServers.resource, desired);
  return obstacle === undefined ? [step] : [step, wait(LOCAL_TOPO_NOT_READY, obstacle, TOPOLOGY_SECONDS)];
}

function removalOfTopology({ topoServers }: Observation): Step[] {
  return topoServers
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .flatMap((topoServer) => removalSteps(TopoServers.resource, topoServer));
}

function removalSteps(resource: Resource, object: Frozen<KubeObject> & Stored): Step[] {
  const message = `${resource.kind} ${object.metadata.name} is of no use any more and is deleted`;
  return [remove(resource, object), tell("Normal", "Deleted", message)];
}
