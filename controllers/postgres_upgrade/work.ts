/** Which work inside the databases is due, and how it is carried out: beside the reconciles, one piece at a time. */
import type { BackoffPolicy } from "../../kube/backoff.ts";
import type { Background, Progress } from "../../kube/background.ts";
import type { ReconcileContext } from "../../kube/controller.ts";
import { fencedSqlClient, type SqlClient } from "../../postgres/sql/sql_client.ts";
import { type Course, secondsOf } from "./course.ts";
import type { Desk, Rules, SlotKeeper } from "./desk.ts";
import { dismantle } from "./dismantle.ts";
import type { Upgrade } from "./kinds.ts";
import { BEFORE_CUTOVER } from "./phases.ts";
import type { Observation } from "./observe.ts";
import { type Party, partyOf } from "./party.ts";
import { isConfigured, type Report } from "./report.ts";
import { type PlaceOf, type Side, sourceSide, targetSide } from "./sides.ts";
import { configure } from "./work_configure.ts";
import { cutOver } from "./work_cut_over.ts";
import { examine } from "./work_examine.ts";
import { follow } from "./work_follow.ts";
import { lookAfter } from "./work_look_after.ts";
import { openSource, rollBack, takeApart } from "./work_roll_back.ts";
import { copySequences, warmUp } from "./work_sequences.ts";
import { verify } from "./work_verify.ts";

export type WorkName =
  | "examine"
  | "configure"
  | "follow"
  | "verify"
  | "sequences"
  | "cut-over"
  | "look-after"
  | "roll-back"
  | "abandon"
  | "clean";

export const WORK_BACKOFF: BackoffPolicy = { firstMs: 1_000, capMs: 30_000, jitter: 0.1 };

/** What work needs from outside. */
export interface WorkTools {
  readonly background: Background<Report>;
  readonly sql: SqlClient;
  readonly slots: SlotKeeper;
  readonly placeOf: PlaceOf;
  /** Of the upgrade. */
  readonly key: string;
}

/** The work that is due; undefined when something else must happen first, or nothing is left. */
export function dueWork(seen: Observation, course: Course): WorkName | undefined {
  if (course.rollback === "begun") return wayOut(seen, course);
  switch (course.phase) {
    case "Pending":
      return seen.source.kind === "there" && !seen.superseded ? "examine" : undefined;
    case "ConfiguringReplication":
      return isCopied(seen) ? "configure" : undefined;
    case "Replicating":
      return "follow";
    case "Verifying":
    case "ReadyForCutover":
    case "WaitingForManualCutover":
      return "verify";
    case "SyncingSequences":
      return "sequences";
    case "CuttingOver":
      return seen.superseded && areClientsAway(seen, "target") ? "cut-over" : undefined;
    case "HealthChecking":
      return "look-after";
    case "Completed":
    case "Failed":
      return afterwards(seen, course);
    case "CreatingTarget":
    case "RolledBack":
      return undefined;
  }
}

/**
 * Before the cutover nobody has written to the new cluster, so it need not be asked: one that never came up holds up nothing.
 */
function wayOut(seen: Observation, { phase, opened }: Course): WorkName | undefined {
  const isUntouched = BEFORE_CUTOVER.includes(phase) || (phase === "Failed" && !opened);
  if (isUntouched && !seen.superseded) return "abandon";
  return areClientsAway(seen, "source") ? "roll-back" : undefined;
}

/** Nobody is led to a server that is about to be closed; `arrived` is where they are led to at the end of it. */
function areClientsAway({ superseded, entrances, goal }: Observation, arrived: "source" | "target"): boolean {
  return !superseded || entrances.length === 0 || goal === "nobody" || goal === arrived;
}

function afterwards(seen: Observation, course: Course): WorkName | undefined {
  const { phase, opened, windowOver, dismantled } = course;
  if (dismantled) return undefined;
  if (!opened) return phase === "Failed" ? wayOut(seen, course) : undefined;
  return windowOver ? "clean" : "look-after";
}

/** Whether definitions have been copied. */
export function isCopied({ copy }: Observation): boolean {
  return copy?.status?.conditions?.some(({ type, status }) => type === "Complete" && status === "True") ??
    false;
}

/** What is known of the work, which is begun when it is due. Returns at once. */
export function lookAtWork(
  name: WorkName,
  seen: Observation,
  tools: WorkTools,
  context: Pick<ReconcileContext, "clock" | "signal" | "client" | "fence">,
): Progress<Report> {
  const { upgrade } = seen;
  // What was measured in another phase, or in an earlier stay in this one, counts for nothing.
  const stay = name === "examine" ? "" : `${upgrade.status?.phase} ${upgrade.status?.phaseStartedAt}`;
  const place = name === "cut-over" ? seen.goal : "";
  const id = [name, stay, place].join(" ");
  return tools.background.look(tools.key, {
    id,
    freshMs: (report) => 1_000 * freshSeconds(report, upgrade),
    run: async (signal) => await run(name, seen, tools, { ...context, signal }),
  }, context);
}

/** What is done stays done, until something else is asked for. */
const DONE_SECONDS = 3_600;

function freshSeconds(report: Report, { spec: { strategy: { preChecks, postCutover } } }: Upgrade): number {
  switch (report.kind) {
    case "examined":
      return 30;
    case "configured":
    case "cut":
    case "rolled-back":
      return isOver(report) ? DONE_SECONDS : 1;
    case "followed":
      return 5;
    case "verified":
      return Math.max(1, secondsOf(preChecks.verificationInterval, 60));
    case "looked-after":
      return Math.max(1, secondsOf(postCutover.healthCheckInterval, 60));
    case "sequenced":
      return 30;
    case "cleaned":
      return DONE_SECONDS;
  }
}

function isOver(report: Extract<Report, { kind: "configured" | "cut" | "rolled-back" }>): boolean {
  return report.kind === "configured" ? isConfigured(report) : report.outcome !== "waiting";
}

type RunContext = Pick<ReconcileContext, "clock" | "signal" | "client" | "fence">;

async function run(
  name: WorkName,
  seen: Observation,
  tools: WorkTools,
  context: RunContext,
): Promise<Report> {
  const { source, target } = await partiesOf(seen, tools, context);
  const { upgrade } = seen;
  const { name: upgradeName, uid } = upgrade.metadata;
  if (name === "examine") {
    if (source === undefined) throw new Error("Cannot examine the source as it does not exist");
    return await examine({ name: upgradeName, uid }, source);
  }
  const common = {
    upgrade: { name: upgradeName, uid },
    slots: tools.slots,
    rules: rulesOf(seen),
    direction: "forward" as const,
    clock: context.clock,
    signal: context.signal,
  };
  if (source === undefined || target === undefined) {
    return await withOneSide(name, { ...common, source, target });
  }
  return await withBothSides(name, { ...common, source, target });
}

async function withBothSides(name: Exclude<WorkName, "examine">, desk: Desk): Promise<Report> {
  switch (name) {
    case "configure":
      return await configure(desk);
    case "follow":
      return await follow(desk);
    case "verify":
      return await verify(desk, "live");
    case "sequences": {
      const warnings = await warmUp(desk);
      return { ...await copySequences(desk, desk.source, desk.target), warnings };
    }
    case "cut-over":
      return await cutOver(desk);
    case "look-after":
      return await lookAfter(desk);
    case "roll-back":
      return await rollBack(desk);
    case "abandon":
      return await abandon(desk);
    case "clean":
      return await clean(desk);
  }
}

type Remnants = Omit<Desk, "source" | "target"> & {
  readonly source: Party | undefined;
  readonly target: Party | undefined;
};

/** Gives an upgrade up that has not moved anybody: the source first, as it is the one that is worked with. */
async function abandon(desk: Remnants): Promise<Report> {
  if (desk.source !== undefined) await openSource(desk, desk.source);
  await takeApart(desk);
  return {
    kind: "rolled-back",
    outcome: "done",
    message: "The source takes writes, and replication is taken apart",
  };
}

/** After the window nobody follows anybody any more. The fence of the source stays. */
async function clean(desk: Remnants): Promise<Report> {
  await dismantle(desk, "back");
  await dismantle(desk, "forward");
  return { kind: "cleaned" };
}

/** A side that is gone needs nothing; the other one is tidied up. */
async function withOneSide(
  name: WorkName,
  desk: Remnants,
): Promise<Report> {
  if (name === "clean") return await clean(desk);
  if (name === "roll-back" || name === "abandon") return await abandon(desk);
  throw new Error(
    `Cannot go on as ${desk.source === undefined ? "the source" : "the new cluster"} does not exist`,
  );
}

/** The two servers, as far as there are clusters. */
export async function partiesOf(
  seen: Observation,
  { sql, placeOf }: Pick<WorkTools, "sql" | "placeOf">,
  { client, fence, signal }: Pick<RunContext, "client" | "fence" | "signal">,
): Promise<{ source: Party | undefined; target: Party | undefined }> {
  const tools = { sql: fencedSqlClient(sql, fence), client, signal };
  const { source, target } = sidesOf(seen, placeOf);
  return {
    source: source === undefined ? undefined : await partyOf(source, tools),
    target: target === undefined ? undefined : await partyOf(target, tools),
  };
}

export function sidesOf(
  { upgrade: { metadata: { name } }, source, target }: Observation,
  placeOf: PlaceOf,
): { source: Side | undefined; target: Side | undefined } {
  return {
    source: source.kind === "there" ? sourceSide(name, source.cluster, placeOf) : undefined,
    target: target.kind === "there" ? targetSide(name, target.cluster, placeOf) : undefined,
  };
}

function rulesOf({ upgrade: { spec: { strategy: { preChecks } } }, goal }: Observation): Rules {
  return {
    verifyRowCounts: preChecks.verifyRowCounts,
    tolerance: preChecks.rowCountTolerance,
    drainMs: 1_000 * secondsOf(preChecks.drainConnectionsTimeout, 300),
    attached: goal === "target",
  };
}
