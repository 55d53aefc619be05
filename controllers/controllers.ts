/** Every controller of the operator. */
import type { Manager } from "../kube/manager.ts";
import { tableGroupController } from "./table_group/controller.ts";
import { topoServerController } from "./topo_server/controller.ts";

/** Adds all controllers to a manager. */
export function addControllers(manager: Manager): void {
  manager.add(tableGroupController);
  manager.add(topoServerController);
}
