/** After the cutover: whether the new cluster serves, and whether the way back is open. */
import { type Desk, fenceOf } from "./desk.ts";
import { MAINTENANCE_DATABASE } from "./party.ts";
import type { Report } from "./report.ts";
import { probeWrite } from "./sql_fence.ts";
import { SqlError } from "../../postgres/sql/errors.ts";
import { judgeWayBack } from "./way_back.ts";

type LookedAfter = Extract<Report, { kind: "looked-after" }>;

export async function lookAfter(desk: Desk): Promise<Report> {
  const { healthy, message } = await probe(desk);
  return {
    kind: "looked-after",
    at: desk.clock.now().toISOString(),
    healthy,
    message,
    wayBack: await wayBackOf(desk),
  };
}

async function probe(desk: Desk): Promise<Pick<LookedAfter, "healthy" | "message">> {
  try {
    const fence = await fenceOf(desk, desk.target);
    if (fence.kind !== "open") {
      return {
        healthy: false,
        message: "The new cluster lets its clients only read, as somebody has set that for all roles",
      };
    }
    await using session = await desk.target.open(MAINTENANCE_DATABASE);
    const [row] = await session.ask(probeWrite);
    if (row?.["standby"] === true) {
      return { healthy: false, message: "The new cluster has no primary that takes writes" };
    }
    return { healthy: true, message: "The new cluster takes writes" };
  } catch (error) {
    if (!(error instanceof SqlError) || error.failure === "aborted") throw error;
    return { healthy: false, message: error.message };
  }
}

/** A side that does not answer may come back: that the way is closed is only said when it is. */
async function wayBackOf(desk: Desk): Promise<LookedAfter["wayBack"]> {
  try {
    return await judgeWayBack(desk);
  } catch (error) {
    if (!(error instanceof SqlError) || error.failure === "aborted") throw error;
    return {
      feasible: false,
      reason: `it is not known how the way back stands: ${error.message}`,
      lagBytes: 0,
    };
  }
}
