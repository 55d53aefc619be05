import assert from "node:assert/strict";
import { DAY_MS, issueLeaf, type KeyPair, makeAuthority, systemRandom } from "../../certs/authority.ts";
import { readCertificate } from "../../certs/read.ts";
import { isTrusted, ServingChoice } from "./serving.ts";

const now = new Date("2026-06-01T12:00:00Z");
const tools = { now, random: systemRandom };
const profile = { organization: "o", commonName: "ca" };
const wanted = { organization: "o", commonName: "a", dnsNames: ["a"], usages: ["server"] as const };
const [a, b] = [await makeAuthority(profile, tools), await makeAuthority(profile, tools)];
const [fromA, laterFromA, fromB] = [
  await issueLeaf(a, wanted, tools),
  await issueLeaf(a, wanted, tools),
  await issueLeaf(b, wanted, tools),
];

/** What two hooks trust. */
function trust(first: readonly KeyPair[], second = first) {
  return [first, second].map((authorities, at) => ({
    hook: `${at}`,
    trusted: authorities.flatMap(({ certificate }) => readCertificate(certificate) ?? []),
  }));
}

const at = (monotonic: number, days = 0) => ({ now: new Date(now.getTime() + days * DAY_MS), monotonic });

Deno.test("the first certificate is shown at once, whoever trusts it", () => {
  assert.deepEqual(new ServingChoice().choose(fromA, [], at(0)), { pair: fromA, againMs: undefined });
  assert.deepEqual(new ServingChoice().choose(fromA, trust([b]), at(0)), { pair: fromA, againMs: undefined });
  assert.deepEqual(new ServingChoice().choose(undefined, [], at(0)), { pair: undefined, againMs: undefined });
});

Deno.test("a certificate of an authority that has long been trusted is shown at once", () => {
  const choice = new ServingChoice(1_000);
  choice.choose(fromA, trust([a]), at(0));
  assert.equal(choice.choose(laterFromA, trust([a]), at(1_000)).pair, laterFromA);
});

Deno.test("one of a new authority waits until all hooks have trusted that for long enough", () => {
  const choice = new ServingChoice(1_000);
  choice.choose(fromA, trust([a]), at(0));
  assert.deepEqual(choice.choose(fromB, trust([a]), at(5_000)), { pair: fromA, againMs: undefined });
  assert.deepEqual(choice.choose(fromB, trust([b, a], [a]), at(6_000)), { pair: fromA, againMs: undefined });
  assert.deepEqual(choice.choose(fromB, trust([b, a]), at(7_000)), { pair: fromA, againMs: 1_000 });
  assert.deepEqual(choice.choose(fromB, trust([b, a]), at(7_600)), { pair: fromA, againMs: 400 });
  assert.deepEqual(
    choice.choose(fromB, trust([a]), at(7_800)),
    { pair: fromA, againMs: undefined },
    "taken back",
  );
  assert.deepEqual(choice.choose(fromB, trust([b, a]), at(8_000)), { pair: fromA, againMs: 1_000 });
  assert.equal(choice.choose(fromB, trust([b, a]), at(9_000)).pair, fromB);
});

Deno.test("what nobody believes any more is given up at once", () => {
  const replaced = new ServingChoice(1_000);
  replaced.choose(fromA, trust([a]), at(0));
  assert.equal(replaced.choose(fromB, trust([b]), at(1)).pair, fromB, "its authority is gone");
  const expired = new ServingChoice(1_000);
  expired.choose(fromA, trust([a]), at(0));
  assert.equal(expired.choose(fromB, trust([a, b]), at(1, 366)).pair, fromB, "its life is over");
});

Deno.test("what no server could use is left aside", () => {
  const choice = new ServingChoice(0);
  choice.choose(fromA, trust([a]), at(0));
  const bad = [
    { certificate: "nonsense", key: fromB.key },
    { certificate: fromB.certificate, key: fromA.key },
    { certificate: fromB.certificate, key: "nonsense" },
  ];
  for (const pair of bad) assert.equal(choice.choose(pair, trust([a, b]), at(9_999)).pair, fromA);
});

Deno.test("a certificate is trusted while it lives, and by every hook", () => {
  assert.equal(isTrusted(fromA, trust([b, a]), now), true);
  assert.equal(isTrusted(fromA, trust([a], [b]), now), false);
  assert.equal(isTrusted(fromA, trust([a]), new Date(now.getTime() + 366 * DAY_MS)), false);
  assert.equal(isTrusted({ certificate: "nonsense", key: "" }, trust([a]), now), false);
});
