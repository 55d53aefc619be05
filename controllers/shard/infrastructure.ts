/** What the instances of a shard need around them. None of it ends a running instance. */
import {
  ConfigMaps,
  Deployments,
  PersistentVolumeClaims,
  PodDisruptionBudgets,
  Services,
} from "../../kube/kinds.ts";
import { apply, type Plan, remove, type Step, tell } from "../../kube/plan.ts";
import { desiredBackupClaim } from "./desired_claims.ts";
import { desiredExporterQueries, desiredHbaConfigMap, desiredPostgresConfig } from "./desired_config_maps.ts";
import { desiredDisruptionBudget } from "./desired_disruption_budget.ts";
import { desiredOrchestrator } from "./desired_orchestrator.ts";
import { desiredOrchestratorService, desiredPoolService } from "./desired_services.ts";
import type { Observation } from "./observe.ts";
import { orchestratorCells, poolViews } from "./view.ts";

/** The claim for backups, if there is one: before all else that pods need, as a volume may take long to be there. */
export function repository({ view, backupClaim }: Observation): Step[] {
  const claim = desiredBackupClaim(view, backupClaim);
  return claim === undefined ? [] : [apply(PersistentVolumeClaims, claim)];
}

/** In the order in which pods need it. */
export function infrastructure(seen: Observation): Plan {
  const { view } = seen;
  const settings = desiredPostgresConfig(view);
  return [
    apply(ConfigMaps, desiredHbaConfigMap(view)),
    apply(ConfigMaps, desiredExporterQueries(view)),
    ...(settings === undefined ? [] : [apply(ConfigMaps, settings)]),
    ...poolViews(view).map((pool) => apply(Services, desiredPoolService(pool))),
    ...budgets(seen),
    ...orchestrators(seen),
  ];
}

function budgets({ view, budgets: existing }: Observation): Step[] {
  const desired = poolViews(view).flatMap((pool) => desiredDisruptionBudget(pool) ?? []);
  const names = new Set(desired.map(({ metadata }) => metadata.name));
  return [
    ...desired.map((budget) => apply(PodDisruptionBudgets, budget)),
    ...existing.filter(({ metadata }) => !names.has(metadata.name))
      .map((budget) => remove(PodDisruptionBudgets, budget)),
  ];
}

/** Those of cells that the shard is not in any more go: their pods would go on competing for the lead. */
function orchestrators({ view, orchestrators: existing }: Observation): Step[] {
  const desired = orchestratorCells(view).map((cell) => desiredOrchestrator(view, cell));
  const names = new Set(desired.map(({ metadata }) => metadata.name));
  const surplus = existing.filter(({ metadata }) =>
    !names.has(metadata.name) && metadata.deletionTimestamp === undefined
  );
  return [
    ...orchestratorCells(view).map((cell) => apply(Services, desiredOrchestratorService(view, cell))),
    ...desired.map((deployment) => apply(Deployments, deployment)),
    ...surplus.flatMap((deployment) => [
      remove(Deployments, deployment),
      tell(
        "Normal",
        "Deleted",
        `Deployment ${deployment.metadata.name} is not wanted any more and is deleted`,
      ),
    ]),
  ];
}
