/** What is said of an object that its kind's schema does not accept. */
import type { KubeClient } from "./client.ts";
import type { Clock } from "./clock.ts";
import { type Condition, mergeConditions, type Statement } from "./conditions.ts";
import type { Problem } from "./controller.ts";
import { isPermanent, isRecord } from "./errors.ts";
import type { Notice } from "./events.ts";
import type { Resource } from "./resource.ts";
import type { Frozen, KubeObject } from "./types.ts";

/** More problems than this are only counted. */
const NAMED_PROBLEMS = 5;

export interface RejectionTools {
  readonly client: KubeClient;
  readonly resource: Resource;
  readonly clock: Clock;
  readonly record: (notice: Notice) => void;
}

/**
 * Says of an object that it cannot be read as its kind, by an event and by its condition Ready, and nothing twice.
 * Everything else that was said of it stays. A merge patch does it, as the server cannot apply to what does not fit the
 * schema; where it refuses even that, the event is all that can be said.
 */
export async function reject(
  raw: Frozen<KubeObject>,
  problems: readonly Problem[],
  tools: RejectionTools,
): Promise<void> {
  const message = explain(problems);
  const known = conditionsOf(raw);
  const { generation } = raw.metadata;
  const said = known.find(({ type }) => type === "Ready");
  if (said?.message === message && said.observedGeneration === generation) return;
  tools.record({ type: "Warning", reason: "InvalidSpec", message });
  const statement: Statement = { type: "Ready", status: "False", reason: "InvalidSpec", message };
  const stated = mergeConditions(known, [statement], { generation, clock: tools.clock });
  const conditions = [...known.filter(({ type }) => type !== "Ready"), ...stated];
  const status = { ...(generation === undefined ? {} : { observedGeneration: generation }), conditions };
  try {
    await tools.client.patch(tools.resource, raw.metadata, { status }, "status");
  } catch (error) {
    if (!isPermanent(error)) throw error;
  }
}

function conditionsOf(raw: Frozen<KubeObject>): Condition[] {
  const status = "status" in raw && isRecord(raw.status) ? raw.status : {};
  return Array.isArray(status["conditions"]) ? status["conditions"].filter(isCondition) : [];
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
