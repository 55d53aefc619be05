/** Poolers whose pod is gone are marked as stopped: the orchestrator then takes them out of the cohort within a second. */
import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  MultipoolerSchema,
  PoolerLifecycleSchema,
  PoolerLifecycleStatus as Lifecycle,
} from "../gen/clustermetadata_pb.ts";
import { podOf, type StoredPooler } from "./poolers.ts";
import type { RecordStep } from "./step.ts";
import { updateOf } from "./stored.ts";

/** Stands in the record, for whoever reads it. */
const REASON = "operator: the pod is gone";

/**
 * The marks that are due. Nothing else of a record changes, and no record is deleted: orchestrators do that a day later.
 *
 * The pods must have been looked at after the poolers were read: a pooler's record appears after its pod. A mark that is
 * overtaken by a write of the pooler itself is not tried again on the newer record, for whoever wrote it lives.
 *
 * @param pods names of all pods of the shard that exist in the cells of the poolers, ending ones among them
 */
export function planShutdownMarks(
  poolers: readonly StoredPooler[],
  pods: readonly string[],
  now: Date,
): RecordStep[] {
  return poolers.flatMap((stored): RecordStep[] => {
    const { record } = stored;
    if (record.lifecycleStatus?.status === Lifecycle.SHUTDOWN || podOf(record, pods) !== undefined) return [];
    const write = updateOf(MultipoolerSchema, stored, (pooler) => {
      const lifecycle = pooler.lifecycleStatus ??= create(PoolerLifecycleSchema);
      lifecycle.status = Lifecycle.SHUTDOWN;
      lifecycle.reason = REASON;
      lifecycle.updated = timestampFromDate(now);
    });
    return write === undefined ? [] : [{ record: "Pooler", name: stored.key, write }];
  });
}
