import assert from "node:assert/strict";
import { add, failed, noTests, summary, tallyOf, told } from "./tally.ts";

const report = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="6" failures="2" errors="0" time="0.009">
    <testsuite name="./a_test.ts" tests="6" disabled="1" errors="0" failures="2">
        <testcase name="a &gt; b is no step" classname="./a_test.ts" time="0.000" line="1" col="6">
        </testcase>
        <testcase name="quick" classname="./a_test.ts" time="0.000" line="1" col="6"/>
        <testcase name="ignored" classname="./a_test.ts" time="0.000" line="1" col="30">
            <skipped/>
        </testcase>
        <testcase name="b" classname="./a_test.ts" time="0.002" line="1" col="75">
            <failure message="1 test step failed">1 test step failed.</failure>
        </testcase>
        <testcase name="b &gt; first" classname="./a_test.ts" time="0.000" line="1" col="106">
        </testcase>
        <testcase name="b &gt; second" classname="./a_test.ts" time="0.000" line="1" col="133">
            <failure message="Uncaught Error: x">Error: &lt;testcase name=&quot;z&quot;&gt;</failure>
        </testcase>
    </testsuite>
    <testsuite name="./b_test.ts" tests="1" disabled="0" errors="0" failures="0">
        <testcase name="b &gt; of another file" classname="./b_test.ts" time="0.000" line="1" col="6">
        </testcase>
    </testsuite>
</testsuites>`;

Deno.test("a report is counted by tests, and steps count with their test", () => {
  const { failures: _, ...counts } = tallyOf("a", report, false);
  assert.deepEqual(counts, { passed: 3, failed: 1, skipped: 1 });
});

Deno.test("what failed is told by file, test and step, in the test's own words", () => {
  assert.deepEqual(tallyOf("a", report, false).failures, [
    { name: "./a_test.ts: b > second", text: 'Error: <testcase name="z">' },
  ]);
});

Deno.test("a run that failed without a failed test counts as one failure", () => {
  const outside = { name: "a", text: "The run ended badly outside of its tests" };
  assert.deepEqual(tallyOf("a", undefined, false), { passed: 0, failed: 1, skipped: 0, failures: [outside] });
  assert.deepEqual(tallyOf("a", report.replaceAll(/<failure.*<\/failure>/g, ""), false), {
    passed: 4,
    failed: 1,
    skipped: 1,
    failures: [outside],
  });
});

Deno.test("a long text is cut, and says by how much", () => {
  const text = Array.from({ length: 100 }, (_, index) => `line ${index}`).join("\n");
  const lines = told([{ name: "a", text }]).trimEnd().split("\n");
  assert.deepEqual([lines[0], lines[1], lines.length, lines.at(-1)], [
    "FAILED a",
    "    line 0",
    32,
    "    ... 70 more lines",
  ]);
});

Deno.test("the last line names skipped tests only when there are any", () => {
  const one = { ...noTests, passed: 1 };
  assert.equal(summary(add(one, one)), "2 passed, 0 failed");
  const two = add(failed({ name: "a", text: "" }), failed({ name: "b", text: "" }));
  assert.equal(summary(add(add(one, two), { ...noTests, skipped: 3 })), "1 passed, 2 failed, 3 skipped");
});
