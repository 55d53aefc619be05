/**
 * The cutover inside the databases. Clients were led away before; afterwards they are led to the new cluster.
 *
 * | fence of the source | fence of the new cluster | what is done                                                           |
 * | ------------------- | ------------------------ | ---------------------------------------------------------------------- |
 * | none                | filling                  | the source is fenced, its writers are ended                            |
 * | replaced            | filling                  | what was committed arrives; rows and sequences are compared and set    |
 * | verified            | filling                  | replication turns around; the new cluster is opened                    |
 * | verified            | none                     | nothing: it is done                                                    |
 *
 * The new cluster takes writes only after the source has been `verified` behind its fence: nothing that a client was told
 * is committed can be missing then.
 */
import { changeServer, type Desk, fenceOf } from "./desk.ts";
import { dismantle } from "./dismantle.ts";
import type { Report } from "./report.ts";
import { shutOut } from "./shut_out.ts";
import { type FenceState, isOurs, liftFence, setFence } from "./sql_fence.ts";
import { openWayBack } from "./way_back.ts";
import { followedDatabases } from "./work_configure.ts";
import { lagOf } from "./work_follow.ts";
import { copySequences } from "./work_sequences.ts";
import { findingsOf, isClean, verify } from "./work_verify.ts";

type Cut = Extract<Report, { kind: "cut" }>;

/** The new cluster gets so long to confirm what the source has, in milliseconds; then it is asked again. */
const CONFIRM_MS = 20_000;

export async function cutOver(desk: Desk): Promise<Report> {
  const fences = { source: await fenceOf(desk, desk.source), target: await fenceOf(desk, desk.target) };
  if (fences.target.kind === "open" && isOurs(fences.source, "verified")) return await settle(desk);
  if (isOurs(fences.target, "returning") || isOurs(fences.target, "returned")) {
    return waiting("A rollback is under way");
  }
  if (!isOurs(fences.target, "filling") && !isOurs(fences.source, "replaced")) {
    const known = `that of the source is ${JSON.stringify(fences.source)}, of the new cluster ${
      JSON.stringify(fences.target)
    }`;
    return waiting(`Somebody else has changed the fences (${known}), so it is not known who was written to`);
  }
  if (!isOurs(fences.target, "filling")) {
    return await giveUp(
      desk,
      `somebody else has changed the fence of the new cluster to ${JSON.stringify(fences.target)}`,
    );
  }
  if (!isOurs(fences.source, "verified")) {
    const halted = await bringOver(desk, fences.source);
    if (halted !== undefined) return halted;
  }
  return await turnAround(desk);
}

/** Writers out, everything over, compared. @returns undefined when both sides are proven to be the same */
async function bringOver(desk: Desk, fence: FenceState): Promise<Cut | undefined> {
  const { uid } = desk.upgrade;
  if (!isOurs(fence, "replaced")) await changeServer(desk.source, setFence(uid, "replaced"));
  const stuck = await shutOut(desk, desk.source, desk.rules.drainMs);
  if (stuck !== undefined) return waiting(`Writers of the source are kept out; ${stuck}`);
  const followed = await followedDatabases(desk);
  const lag = await lagOf(desk, followed, CONFIRM_MS);
  if (!lag.confirmed) {
    return waiting(`The new cluster has ${lag.bytes} bytes of the source's log to catch up with`);
  }
  const verified = await verify(desk, "fenced");
  if (!isClean(verified)) return await giveUp(desk, findingsOf(verified), verified);
  const sequenced = await copySequences(desk, desk.source, desk.target);
  if (sequenced.failed.length > 0) {
    return await giveUp(
      desk,
      `sequences could not be set: ${sequenced.failed.slice(0, 5).join(", ")}`,
      verified,
    );
  }
  // Whoever slipped in meanwhile with a session of their own making is seen here.
  const last = await lagOf(desk, followed, CONFIRM_MS);
  if (!last.confirmed) {
    return waiting("Something was written to the source behind its fence, and is waited for");
  }
  await changeServer(desk.source, setFence(uid, "verified"));
  return undefined;
}

/** Clients were away for nothing, and shall not be for longer: the source takes writes again. */
async function giveUp(desk: Desk, why: string, verified?: Cut["verified"]): Promise<Cut> {
  const fence = await fenceOf(desk, desk.source);
  if (fence.kind === "ours") await changeServer(desk.source, liftFence());
  return { ...undone(why), ...(verified === undefined ? {} : { verified }) };
}

/** One direction at a time: what the source gets back must not be what it sends. */
async function turnAround(desk: Desk): Promise<Cut> {
  const databases = await followedDatabases(desk);
  await dismantle({ ...desk, source: undefined }, "forward");
  await openWayBack(desk, databases);
  await changeServer(desk.target, liftFence());
  return await settle(desk);
}

/** Sessions that began before the new cluster was opened may only read, so they begin anew. */
async function settle(desk: Desk): Promise<Cut> {
  if (!desk.rules.attached) await shutOut(desk, desk.target, 0);
  await dismantle(desk, "forward");
  return { kind: "cut", outcome: "done", message: "The new cluster takes writes", sequences: 0 };
}

function waiting(message: string): Cut {
  return { kind: "cut", outcome: "waiting", message, sequences: 0 };
}

function undone(message: string): Cut {
  return { kind: "cut", outcome: "undone", message, sequences: 0 };
}
