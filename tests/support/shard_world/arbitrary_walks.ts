/** Random walks: shards of several shapes, and up to twelve things that happen to each. */
import fc from "fast-check";
import { blows, troubles, wishes, type WorldEvent } from "./events.ts";
import type { Walk } from "./walk.ts";

const events: fc.Arbitrary<WorldEvent> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom(...blows), at: fc.nat({ max: 5 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom(...wishes) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom(...troubles, "heal" as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("scale" as const),
      at: fc.nat({ max: 1 }),
      to: fc.integer({ min: 1, max: 5 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("crash" as const), after: fc.nat({ max: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("cacheLags" as const), seconds: fc.nat({ max: 6 }) }) },
);

const pool = { pool: "main", cell: "a" };

export const walks: fc.Arbitrary<Walk> = fc.record({
  seed: fc.nat(),
  policy: fc.constantFrom("AT_LEAST_2", "MULTI_CELL_AT_LEAST_2"),
  dataPlane: fc.constantFrom(true, true, true, false),
  groups: fc.oneof(
    fc.integer({ min: 1, max: 4 }).map((replicas) => [{ ...pool, replicas }]),
    fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })).map(([a, b]) => [
      { ...pool, replicas: a },
      { pool: "main", cell: "b", replicas: b },
    ]),
  ),
  events: fc.array(fc.record({ after: fc.integer({ min: 0, max: 60 }), event: events }), { maxLength: 12 }),
  end: fc.constantFrom("stays", "stays", "stays", "removed", "deleted"),
  whenDeleted: fc.constantFrom("Delete", "Retain"),
});
