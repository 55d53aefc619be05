/** What is to be done to records, as data. */
import { TopologyError } from "../errors.ts";
import type { RecordKind } from "../keys.ts";
import type { CallOptions, TopologyStore, Write } from "../store.ts";

export interface RecordStep {
  readonly record: RecordKind;
  /** As users know it: a cell or database by its name, a claim or pooler by its key. */
  readonly name: string;
  readonly write: Write;
}

/** What became of steps. */
export interface Carried {
  readonly done: readonly RecordStep[];
  /** Somebody else wrote the record since it was read: nothing was overwritten, and a fresh look is due. */
  readonly overtaken: readonly RecordStep[];
}

/** Carries steps out in order. A step that was overtaken does not hold up the others. @throws TopologyError */
export async function carryOut(
  store: TopologyStore,
  steps: readonly RecordStep[],
  options?: CallOptions,
): Promise<Carried> {
  const done: RecordStep[] = [];
  const overtaken: RecordStep[] = [];
  for (const step of steps) {
    const result = await store.write(step.write, options);
    (result.kind === "written" ? done : overtaken).push(step);
  }
  return { done, overtaken };
}

/** Looks, plans and acts this often before it is given up. */
const ROUNDS = 6;

/**
 * Looks, plans and acts until a plan is empty or `enough` says so.
 * @param plan reads what it needs and says what to do; called anew after each round
 * @returns all steps that were carried out
 * @throws TopologyError `conflict` when others kept changing the same records
 */
export async function untilSettled(
  store: TopologyStore,
  plan: () => Promise<readonly RecordStep[]>,
  options?: CallOptions,
): Promise<RecordStep[]> {
  const done: RecordStep[] = [];
  let names = "";
  for (let round = 0; round < ROUNDS; round++) {
    const steps = await plan();
    if (steps.length === 0) return done;
    const carried = await carryOut(store, steps, options);
    done.push(...carried.done);
    names = steps.map(({ record, name }) => `${record} ${name}`).join(", ");
  }
  throw new TopologyError(
    "conflict",
    `Cannot settle ${names} in the topology as somebody else keeps changing the same records; ` +
      "see whether two operators use the same root path",
  );
}
