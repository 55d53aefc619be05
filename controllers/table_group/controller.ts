/** Keeps the Shards of a TableGroup as they should be. */
import { Shards } from "../../api/multigres/shard.ts";
import { type TableGroup, TableGroups } from "../../api/multigres/table_group.ts";
import type { Controller, Outcome, ReconcileContext } from "../../kube/controller.ts";
import type { Stored } from "../../kube/types.ts";
import { appliedNotice } from "../applied_notice.ts";
import { outcomeOf } from "../outcome.ts";
import { restOfParent } from "../status_rest.ts";
import { observe } from "./observe.ts";
import { plan } from "./plan.ts";
import { noticesOf, statusOf } from "./status.ts";

export const tableGroupController: Controller<TableGroup> = {
  name: "tablegroup",
  statusRestMs: restOfParent,
  watched: { resource: TableGroups.resource },
  owns: [{ resource: Shards.resource }],
  decode: (raw) => TableGroups.decode(raw),
  reconcile,
};

async function reconcile(tableGroup: TableGroup & Stored, context: ReconcileContext): Promise<Outcome> {
  const result = await context.act(plan(observe(tableGroup, context)));
  const status = statusOf(observe(tableGroup, context), result, context.clock);
  for (const notice of appliedNotice(tableGroup.status, result.written)) context.record(notice);
  await context.writeStatus(status, noticesOf(tableGroup, status, result));
  return outcomeOf(result);
}
