/** Counts the outcome of a `deno test` run from its JUnit report. */

/** How many tests ended how. Steps of a test count with their test. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const noTests: Tally = { passed: 0, failed: 0, skipped: 0 };

/** Sums two counts. */
export function add(a: Tally, b: Tally): Tally {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/**
 * Reads a report. A step is a test case whose name starts with the name of its test and ` > `; its failure has failed
 * the test already.
 * @param report XML; undefined when the run ended before it wrote one
 * @param success whether the run itself ended well: a run that did not counts as one failure at least (files that do
 *   not compile, a leak outside of any test, a crash)
 */
export function tallyOf(report: string | undefined, success: boolean): Tally {
  const seen = { passed: 0, failed: 0, skipped: 0 };
  for (const suite of (report ?? "").split("<testsuite ").slice(1)) {
    const names = new Set<string>();
    for (const [, name = "", content = ""] of suite.matchAll(testCase)) {
      if ([...names].some((parent) => name.startsWith(`${parent} &gt; `))) continue;
      names.add(name);
      seen[outcome(content)]++;
    }
  }
  if (!success && seen.failed === 0) seen.failed = 1;
  return seen;
}

const testCase = /<testcase name="([^"]*)"[^>]*?(?:\/>|>(.*?)<\/testcase>)/gs;

function outcome(content: string): keyof Tally {
  if (/<(failure|error)\b/.test(content)) return "failed";
  return /<skipped\b/.test(content) ? "skipped" : "passed";
}

/** The last line of a run: `3 passed, 1 failed`, and how many were skipped if any were. */
export function summary(tally: Tally): string {
  const skipped = tally.skipped === 0 ? "" : `, ${tally.skipped} skipped`;
  return `${tally.passed} passed, ${tally.failed} failed${skipped}`;
}
