import assert from "node:assert/strict";
import { latestDue, nextDue, parseCron } from "./cron.ts";

function around(expression: string, now: string): (string | undefined)[] {
  const schedule = parseCron(expression);
  assert.ok(schedule, expression);
  const at = new Date(now);
  return [latestDue(schedule, at), nextDue(schedule, at)].map((date) => date?.toISOString());
}

Deno.test("the times before and after a moment are those of the expression, in UTC", () => {
  const cases: [string, string, string, string][] = [
    ["0 1 * * *", "2026-03-05T00:59:59Z", "2026-03-04T01:00:00.000Z", "2026-03-05T01:00:00.000Z"],
    ["0 1 * * *", "2026-03-05T01:00:00Z", "2026-03-05T01:00:00.000Z", "2026-03-06T01:00:00.000Z"],
    ["*/20 6-8 * * *", "2026-03-05T07:30:00Z", "2026-03-05T07:20:00.000Z", "2026-03-05T07:40:00.000Z"],
    ["30 2 * * 0", "2026-03-05T12:00:00Z", "2026-03-01T02:30:00.000Z", "2026-03-08T02:30:00.000Z"],
    ["30 2 * * 7", "2026-03-05T12:00:00Z", "2026-03-01T02:30:00.000Z", "2026-03-08T02:30:00.000Z"],
    ["0 0 13 * 5", "2026-03-05T12:00:00Z", "2026-02-27T00:00:00.000Z", "2026-03-06T00:00:00.000Z"],
    ["0 0 29 2 *", "2026-03-05T12:00:00Z", "2024-02-29T00:00:00.000Z", "2028-02-29T00:00:00.000Z"],
    ["15,45 */12 1 1,7 *", "2026-03-05T12:00:00Z", "2026-01-01T12:45:00.000Z", "2026-07-01T00:15:00.000Z"],
  ];
  for (const [expression, now, before, after] of cases) {
    assert.deepEqual(around(expression, now), [before, after], `${expression} at ${now}`);
  }
});

Deno.test("what is no expression is not taken for one", () => {
  for (const text of ["", "0 1 * *", "0 1 * * * *", "60 1 * * *", "0 24 * * *", "0 1 0 * *", "5-1 * * * *"]) {
    assert.equal(parseCron(text), undefined, text);
  }
  for (const text of ["*/0 * * * *", "a * * * *", "@daily", "0 1 * * MON", "1,,2 * * * *"]) {
    assert.equal(parseCron(text), undefined, text);
  }
});

Deno.test("a day that never comes is never due", () => {
  assert.deepEqual(around("0 0 31 2 *", "2026-03-05T12:00:00Z"), [undefined, undefined]);
});
