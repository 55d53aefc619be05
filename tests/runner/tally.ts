/** Counts the outcome of a `deno test` run from its JUnit report, and tells what failed in it. */
import { stripVTControlCharacters } from "node:util";

/** How many tests ended how. Steps of a test count with their test. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** What failed: tests, steps of them, and whatever else ended a run badly. */
  readonly failures: readonly Failure[];
}

/** What failed, for the end of a run, where it is looked for. */
export interface Failure {
  /** The file and the test's name, with its step if one failed. */
  readonly name: string;
  /** What the test said, as it said it. */
  readonly text: string;
}

export const noTests: Tally = { passed: 0, failed: 0, skipped: 0, failures: [] };

/** Sums two counts. */
export function add(a: Tally, b: Tally): Tally {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
    failures: [...a.failures, ...b.failures],
  };
}

/** What counts as one failed test, though it is none. */
export function failed(failure: Failure): Tally {
  return { ...noTests, failed: 1, failures: [failure] };
}

/**
 * Reads a report. A step is a test case whose name starts with the name of its test and ` > `; its failure has failed
 * the test already.
 * @param group the name of the group that ran
 * @param report XML; undefined when the run ended before it wrote one
 * @param success whether the run itself ended well: a run that did not counts as one failure at least (files that do
 *   not compile, a leak outside of any test, a crash)
 */
export function tallyOf(group: string, report: string | undefined, success: boolean): Tally {
  const seen = { passed: 0, failed: 0, skipped: 0 };
  const failures: Failure[] = [];
  for (const suite of (report ?? "").split("<testsuite ").slice(1)) {
    const file = /^name="([^"]*)"/.exec(suite)?.[1] ?? group;
    const names = new Set<string>();
    for (const [, name = "", content = ""] of suite.matchAll(testCase)) {
      const failure = failureIn(content);
      if (failure !== undefined) failures.push({ name: plain(`${file}: ${name}`), text: plain(failure) });
      if ([...names].some((parent) => name.startsWith(`${parent} &gt; `))) continue;
      names.add(name);
      seen[outcome(content)]++;
    }
  }
  if (success || seen.failed > 0) return { ...seen, failures };
  return add(
    { ...seen, failures },
    failed({ name: group, text: "The run ended badly outside of its tests" }),
  );
}

const testCase = /<testcase name="([^"]*)"[^>]*?(?:\/>|>(.*?)<\/testcase>)/gs;

function outcome(content: string): Exclude<keyof Tally, "failures"> {
  if (/<(failure|error)\b/.test(content)) return "failed";
  return /<skipped\b/.test(content) ? "skipped" : "passed";
}

/** The text of a failure; that of a test whose steps failed says no more than theirs. */
function failureIn(content: string): string | undefined {
  const [, text = ""] = /<(?:failure|error)\b[^>]*>(.*?)<\/(?:failure|error)>/s.exec(content) ?? [];
  return text === "" || /^\d+ test steps? failed\.$/.test(text) ? undefined : text;
}

/** Text without the escapes of XML and the colours of a terminal. */
function plain(text: string): string {
  const unescaped = text
    .replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&apos;", "'")
    .replaceAll("&amp;", "&");
  return stripVTControlCharacters(unescaped);
}

/** Each failure with the first lines of its text, which a reader of the last screen is spared to look for. */
export function told(failures: readonly Failure[]): string {
  return failures.map(({ name, text }) => {
    const lines = text.split("\n");
    const shown = lines.slice(0, LINES).map((line) => `    ${line}\n`).join("");
    return `FAILED ${name}\n${shown}${
      lines.length > LINES ? `    ... ${lines.length - LINES} more lines\n` : ""
    }`;
  }).join("\n");
}

/** Enough for a message, a comparison of two small values and the top of a stack. */
const LINES = 30;

/** The last line of a run: `3 passed, 1 failed`, and how many were skipped if any were. */
export function summary(tally: Tally): string {
  const skipped = tally.skipped === 0 ? "" : `, ${tally.skipped} skipped`;
  return `${tally.passed} passed, ${tally.failed} failed${skipped}`;
}
