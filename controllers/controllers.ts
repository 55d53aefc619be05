/** Every controller of the operator. */
import type { Manager } from "../kube/manager.ts";
import { cellController } from "./cell/controller.ts";
import { multigresClusterController } from "./multigres_cluster/controller.ts";
import { postgresClusterController } from "./postgres_cluster/controller.ts";
import { postgresDatabaseController } from "./postgres_database/controller.ts";
import { postgresUpgradeController } from "./postgres_upgrade/controller.ts";
import { type Services, servicesWith } from "./services.ts";
import { shardController } from "./shard/controller.ts";
import { tableGroupController } from "./table_group/controller.ts";
import { topoServerController } from "./topo_server/controller.ts";
import { traced } from "./trace_origin.ts";

/** Adds all controllers to a manager. */
export function addControllers(manager: Manager, services: Services = servicesWith()): void {
  manager.add(traced(multigresClusterController(services)));
  manager.add(traced(cellController(services)));
  manager.add(traced(tableGroupController));
  manager.add(traced(shardController(services)));
  manager.add(traced(topoServerController));
  manager.add(postgresClusterController(services.patroni));
  manager.add(postgresDatabaseController());
  manager.add(postgresUpgradeController());
}
