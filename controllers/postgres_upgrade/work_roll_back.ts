/**
 * The way back inside the databases. Which way it is stands in the fences, not in the status: those cannot be out of date.
 *
 * | fence of the new cluster | fence of the source | what is done                                                            |
 * | ------------------------ | ------------------- | ----------------------------------------------------------------------- |
 * | filling, or none         | none, or replaced   | nobody has written to the new cluster: replication is taken apart       |
 * | filling                  | verified            | the same: it was not opened yet                                         |
 * | none                     | verified            | it has been written to: it is fenced, unless going back would lose data |
 * | none, with a way back    | any other           | refused: somebody has let writers into both                             |
 * | returning                | verified            | what was committed arrives in the source; rows are compared             |
 * | returned                 | any                 | replication is taken apart, the source takes writes                     |
 */
import { changeServer, type Desk, fenceOf, turned } from "./desk.ts";
import { dismantle, type Remains } from "./dismantle.ts";
import type { Party } from "./party.ts";
import type { Report } from "./report.ts";
import { shutOut } from "./shut_out.ts";
import { isOurs, liftFence, setFence } from "./sql_fence.ts";
import { judgeWayBack } from "./way_back.ts";
import { followedDatabases } from "./work_configure.ts";
import { lagOf } from "./work_follow.ts";
import { copySequences } from "./work_sequences.ts";
import { findingsOf, isClean, verify } from "./work_verify.ts";

type RolledBack = Extract<Report, { kind: "rolled-back" }>;

/** The source gets so long to confirm what the new cluster has, in milliseconds; then it is asked again. */
const CONFIRM_MS = 20_000;

export async function rollBack(desk: Desk): Promise<Report> {
  const source = await fenceOf(desk, desk.source);
  const target = await fenceOf(desk, desk.target);
  if (isOurs(target, "returned")) return await giveBack(desk);
  if (!isOurs(target, "returning")) {
    if (isOurs(target, "filling") || !await hasWayBack(desk)) return await giveBack(desk);
    if (!isOurs(source, "verified")) {
      return refused("the fence of the source was lifted: both sides may have been written to");
    }
    const { feasible, reason } = await judgeWayBack(desk);
    if (!feasible) return refused(reason);
    await changeServer(desk.target, setFence(desk.upgrade.uid, "returning"));
  }
  return await bringBack(desk);
}

/** The new cluster is opened only once there is a way back, so without one nobody has written to it. */
async function hasWayBack(desk: Desk): Promise<boolean> {
  return (await followedDatabases(turned(desk))).length > 0;
}

async function bringBack(desk: Desk): Promise<RolledBack> {
  const back = turned(desk);
  const stuck = await shutOut(desk, desk.target, desk.rules.drainMs);
  if (stuck !== undefined) return waiting(`Writers of the new cluster are kept out; ${stuck}`);
  const lag = await lagOf(back, await followedDatabases(back), CONFIRM_MS);
  if (!lag.confirmed) {
    return waiting(`The source has ${lag.bytes} bytes of the new cluster's log to catch up with`);
  }
  const verified = await verify(back, "fenced");
  if (!isClean(verified)) return await stay(desk, findingsOf(verified));
  const sequenced = await copySequences(back, back.source, back.target);
  if (sequenced.failed.length > 0) {
    return await stay(desk, `sequences could not be set: ${sequenced.failed.slice(0, 5).join(", ")}`);
  }
  await changeServer(desk.target, setFence(desk.upgrade.uid, "returned"));
  return await giveBack(desk);
}

/** The source lacks something that the new cluster has, so the new cluster goes on. */
async function stay(desk: Desk, why: string): Promise<RolledBack> {
  await changeServer(desk.target, liftFence());
  await shutOut(desk, desk.target, 0);
  return refused(why);
}

async function giveBack(desk: Desk): Promise<RolledBack> {
  await takeApart(desk);
  await openSource(desk, desk.source);
  return {
    kind: "rolled-back",
    outcome: "done",
    message: "The source takes writes, and replication is taken apart",
  };
}

/** Takes both directions of replication apart. */
export async function takeApart(remains: Remains): Promise<void> {
  await dismantle(remains, "forward");
  await dismantle(remains, "back");
}

/** The source takes writes again; its sessions from behind the fence begin anew. */
export async function openSource(
  desk: Pick<Desk, "upgrade" | "clock" | "signal">,
  source: Party,
): Promise<void> {
  const fence = await fenceOf(desk, source);
  if (fence.kind !== "ours") return;
  await changeServer(source, liftFence());
  await shutOut(desk, source, 0);
}

function waiting(message: string): RolledBack {
  return { kind: "rolled-back", outcome: "waiting", message };
}

function refused(message: string): RolledBack {
  return { kind: "rolled-back", outcome: "refused", message };
}
