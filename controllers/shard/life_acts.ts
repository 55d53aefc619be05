/** Carries out what was decided about the pods and claims of a shard. */
import { type ActResult, CONFLICT } from "../../kube/act.ts";
import {
  postgresReloadHashAnnotation,
  specHashAnnotation,
  userHashAnnotation,
} from "../../api/multigres/annotations.ts";
import type { ReconcileContext } from "../../kube/controller.ts";
import type { Notice } from "../../kube/events.ts";
import { PersistentVolumeClaims, Pods } from "../../kube/kinds.ts";
import { patch, type Step, tell, wait } from "../../kube/plan.ts";
import { joined } from "../outcome.ts";
import { callerOf, type CallTools, RESTART_NEEDED } from "./calls.ts";
import type { LifeAction } from "./life/actions.ts";
import { decideLife } from "./life/decide.ts";
import type { LifeShard } from "./life/model.ts";
import { stepsOf } from "./life_steps.ts";
import type { Observation } from "./observe.ts";
import { type ClassFinding, mayMakeClaim } from "./storage_classes.ts";
import { dataClaimName, poolPodName } from "../../api/multigres/names.ts";
import { poolPath, poolViews } from "./view.ts";

export interface ActTools {
  /** Looks at the stores anew: what one action wrote, the next one sees. */
  readonly observe: () => Observation;
  readonly calls: CallTools;
  readonly classes: readonly ClassFinding[];
}

/**
 * In order, each from what is then known, up to the first that fails. A reload that has to wait, or fails, holds up nothing:
 * it concerns one instance, and is asked for again.
 */
export async function carryOutLife(
  actions: readonly LifeAction[],
  tools: ActTools,
  context: ReconcileContext,
): Promise<ActResult> {
  const results: ActResult[] = [];
  for (const action of actions) {
    const result = await carryOut(action, tools, context);
    results.push(result);
    if (result.kind !== "done" && action.kind !== "reloadConfig") break;
  }
  return joined(results);
}

/**
 * What is done before all else while a shard has no pods: its claims are made, so that their volumes are there when the
 * scheduler meets the pods. It leaves a pod whose claim is not bound for later, and later for longer each time.
 */
export function claimsFirst({ pods }: Observation, model: () => LifeShard): LifeAction[] {
  return pods.length > 0 ? [] : decideLife(model()).actions.filter(({ kind }) => kind === "createClaim");
}

/** One event for all pods that were made in a pass. */
export function createdNotice(written: readonly Step[]): Notice[] {
  const names = written.flatMap((step) =>
    step.kind === "create" && step.resource.kind === Pods.kind ? [step.object.metadata.name] : []
  );
  return names.length === 0
    ? []
    : [{ type: "Normal", reason: "PodCreated", message: `Made: ${names.join(", ")}` }];
}

const nothingDone: ActResult = { kind: "done", written: [] };

/** What follows was decided along with it, so it is decided anew too. */
function overtaken(action: LifeAction): ActResult {
  const message = `${action.kind} met a newer object; looking again`;
  return { kind: "waiting", wait: wait(CONFLICT, message, 1), written: [] };
}

async function carryOut(action: LifeAction, tools: ActTools, context: ReconcileContext): Promise<ActResult> {
  const seen = tools.observe();
  if (!isAllowed(action, seen, tools.classes)) return nothingDone;
  const confirmed = await confirm(action, seen, context);
  if (!confirmed) return overtaken(action);
  const steps = stepsOf(action, { seen, now: context.clock.now() });
  const result = await context.act(steps, callerOf(tools.calls));
  if (action.kind !== "reloadConfig") return result;
  return joined([result, await context.act(afterReload(action.pod, result, seen))]);
}

/**
 * A claim of a class that does not exist would name it for ever; a pod that is made before its settings are known would
 * have to be made again with them.
 */
function isAllowed(action: LifeAction, seen: Observation, classes: readonly ClassFinding[]): boolean {
  if (action.kind === "createPod") return seen.view.config !== undefined;
  if (action.kind !== "createClaim") return true;
  const { slot } = action;
  const pool = poolViews(seen.view).find(({ name, cell }) => name === slot.pool && cell === slot.cell);
  return pool !== undefined &&
    mayMakeClaim(dataClaimName(poolPodName(poolPath(pool), slot.index)), seen, classes);
}

/** Before data is given up it is looked at live: the store may be behind, and nothing brings a volume back. */
async function confirm(
  action: LifeAction,
  seen: Observation,
  { client }: ReconcileContext,
): Promise<boolean> {
  if (action.kind !== "deleteClaim") return true;
  const known = seen.claims.find(({ metadata }) => metadata.name === action.claim);
  if (known === undefined) return false;
  const live = await client.find(PersistentVolumeClaims, known.metadata);
  return live?.metadata.uid === known.metadata.uid &&
    live.metadata.resourceVersion === known.metadata.resourceVersion;
}

/** Stamps the pod with what its server has loaded; one that has to be restarted for it counts as changed by the user. */
function afterReload(name: string, result: ActResult, { view, pods }: Observation): Step[] {
  const pod = pods.find(({ metadata }) => metadata.name === name);
  if (pod === undefined) return [];
  if (result.kind === "waiting" && result.wait.reason === RESTART_NEEDED) {
    const annotations = { [specHashAnnotation]: RESTART_NEEDED, [userHashAnnotation]: RESTART_NEEDED };
    return [
      patch(Pods, pod, { metadata: { annotations } }),
      tell("Warning", RESTART_NEEDED, result.wait.message),
    ];
  }
  const reloadHash = view.config?.reloadHash;
  if (result.kind !== "done" || reloadHash === undefined) return [];
  return [
    patch(Pods, pod, { metadata: { annotations: { [postgresReloadHashAnnotation]: reloadHash } } }),
    tell("Normal", "ConfigReloaded", `The server in pod ${name} has loaded its settings`),
  ];
}
