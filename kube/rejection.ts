/** What is said of an object that its kind's schema does not accept. */
import type { Clock } from "./clock.ts";
import { type Condition, mergeConditions, type Statement } from "./conditions.ts";
import type { Problem } from "./controller.ts";
import { isRecord } from "./errors.ts";
import type { Notice } from "./events.ts";
import type { Frozen, KubeObject } from "./types.ts";

/** More problems than this are only counted. */
const NAMED_PROBLEMS = 5;

/**
 * The status to write, and the event to tell: everything that was said of the object stays, but it is not Ready, and the
 * condition names the fields.
 */
export function rejectionStatus(
  raw: Frozen<KubeObject>,
  problems: readonly Problem[],
  clock: Clock,
): { status: Record<string, unknown>; notice: Notice } {
  const message = explain(problems);
  const statement: Statement = { type: "Ready", status: "False", reason: "InvalidSpec", message };
  const before = "status" in raw && isRecord(raw.status) ? raw.status : {};
  const known = Array.isArray(before["conditions"]) ? before["conditions"].filter(isCondition) : [];
  const others = known.filter((condition) => condition.type !== statement.type);
  const stated = mergeConditions(known, [statement], { generation: raw.metadata.generation, clock });
  const { generation } = raw.metadata;
  return {
    status: {
      ...before,
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      conditions: [...others, ...stated],
    },
    notice: { type: "Warning", reason: "InvalidSpec", message },
  };
}

function explain(problems: readonly Problem[]): string {
  const named = problems.slice(0, NAMED_PROBLEMS).map(({ path, message }) => `${path}: ${message}`);
  const more = problems.length - named.length;
  const list = named.join("; ") + (more > 0 ? `; and ${more} more` : "");
  return `Cannot reconcile as the stored object does not fit its schema: ${list}. Correct these fields.`;
}

function isCondition(value: unknown): value is Condition {
  return isRecord(value) && typeof value["type"] === "string" && typeof value["status"] === "string";
}
