/** Where sequences stand, and how the other side is set to the same. */
import type { Row, Statement } from "../../postgres/sql/sql_client.ts";
import { quoteLiteral } from "../../postgres/sql/quote.ts";
import { type RelationName, text, whole } from "./sql_catalog.ts";
import { qualified } from "./sql_replication.ts";

/** Where a sequence stands: `lastValue` was given out when `called`, and is the next one otherwise. */
export interface SequenceState extends RelationName {
  readonly lastValue: bigint;
  readonly called: boolean;
}

/** One question asks for at most so many sequences. */
const BATCH = 200;

/** The states of sequences, in questions of a bounded size. */
export function sequenceStates(names: readonly RelationName[]): Statement[] {
  const batches = Array.from(
    { length: Math.ceil(names.length / BATCH) },
    (_, at) => names.slice(at * BATCH, (at + 1) * BATCH),
  );
  return batches.map((batch) => ({
    text: batch.map((each) =>
      `SELECT ${quoteLiteral(each.schema)} AS schema, ${
        quoteLiteral(each.name)
      } AS name, last_value::text AS value, ` +
      `is_called AS called FROM ${qualified(each)}`
    ).join(" UNION ALL "),
  }));
}

export function sequenceStatesOf(rows: readonly Row[]): SequenceState[] {
  return rows.map((row) => ({
    schema: text(row, "schema"),
    name: text(row, "name"),
    lastValue: whole(row, "value"),
    called: row["called"] === true,
  }));
}

/**
 * Sets a sequence to where the other side's stands: nothing is added, as nobody draws from the other one any more when it
 * counts. Bounds and direction are the same on both sides, so the value always fits.
 */
export function setSequence({ lastValue, called, ...name }: SequenceState): Statement {
  return {
    text: "SELECT pg_catalog.setval($1::regclass, $2::bigint, $3)",
    params: [qualified(name), String(lastValue), called],
  };
}

export function sameState(a: SequenceState | undefined, b: SequenceState): boolean {
  return a?.lastValue === b.lastValue && a.called === b.called;
}
