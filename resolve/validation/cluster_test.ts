import assert from "node:assert/strict";
import {
  type Around,
  cell,
  cells,
  objectStore,
  pool,
  ruleCases,
  shardPath,
  spec,
} from "../../tests/support/multigres_rule_cases.ts";
import {
  type clusterSpec,
  deepFreeze,
  noTemplates,
  templatesOf,
  withShard,
} from "../../tests/support/multigres_specs.ts";
import { reviewCluster } from "./cluster.ts";
import { isAddress } from "./entrances.ts";
import { errorsOf, type Finding, type Rule } from "./finding.ts";
import { durationSeconds } from "./go_duration.ts";

type Spec = ReturnType<typeof clusterSpec>;

function review(given: Spec, around: Around = {}): Finding[] {
  return reviewCluster({ spec: given, templates: noTemplates, ...around });
}

for (const [rule, list] of Object.entries(ruleCases)) {
  Deno.test(`${rule} speaks up where it must, and is silent otherwise`, () => {
    for (const { severity, refused, accepted, path, says, around } of list) {
      const found = review(refused, around).filter((finding) => finding.rule === rule);
      const hit = found.find((finding) => finding.path === path);
      assert.ok(hit !== undefined, `${path}: ${JSON.stringify(found)}`);
      assert.equal(hit.severity, severity);
      assert.match(hit.message, says);
      assert.match(hit.message, /\bspec\.\w/, "says where");
      const silent = review(accepted, around).filter((finding) =>
        finding.rule === rule && finding.path === path
      );
      assert.deepEqual(silent, [], path);
    }
  });
}

Deno.test("a cluster that is in order has no error, and tells what is only doubtful", () => {
  assert.deepEqual(errorsOf(review(spec({}))), []);
  const quiet = withShard({}, { cells, backup: objectStore });
  assert.deepEqual(review(quiet), []);
});

Deno.test("nothing is refused for facts that are not known", () => {
  assert.deepEqual(errorsOf(review(spec({}), {})), []);
  assert.ok(errorsOf(review(spec({}), { storageClasses: [] })).length > 0);
});

Deno.test("what was wrong before, in the same way, does not keep the user from changing something else", () => {
  const before = withShard({ shardTemplate: "gone" });
  const after = deepFreeze({ ...before, durabilityPolicy: "AT_LEAST_2" });
  const findings = reviewCluster({ before, spec: after, templates: noTemplates });
  assert.deepEqual(errorsOf(findings), []);
  assert.deepEqual(findings.map((finding) => finding.rule), ["TemplateExists"]);
  const other = reviewCluster({
    before,
    spec: withShard({ shardTemplate: "gone-too" }),
    templates: noTemplates,
  });
  assert.deepEqual(errorsOf(other).map((finding) => finding.rule), ["TemplateExists"]);
});

/** Findings of a change, by their rule. */
function change(
  before: Spec,
  after: Spec,
  rule: Rule,
  templates = noTemplates,
) {
  return errorsOf(reviewCluster({ before, spec: after, templates })).filter((finding) =>
    finding.rule === rule
  );
}

Deno.test("volumes of pools, etcds and backups grow, and never shrink", () => {
  const size = (text: string) => ({ storage: { size: text } });
  const backup = (text: string) => ({ type: "filesystem", filesystem: size(text) });
  const local = (text: string) => [{ ...cell, spec: { localTopoServer: { etcd: size(text) } } }];
  const makers: readonly (readonly [string, (text: string) => Spec])[] = [
    [`${shardPath}.spec.pools.main.storage.size`, (text) => pool(size(text))],
    [
      `${shardPath}.overrides.pools.main.storage.size`,
      (text) => withShard({ overrides: { pools: { main: size(text) } } }),
    ],
    ["spec.globalTopoServer.etcd.storage.size", (text) => spec({ globalTopoServer: { etcd: size(text) } })],
    ["spec.cells[0].spec.localTopoServer.etcd.storage.size", (text) => spec({ cells: local(text) })],
    ["spec.backup.filesystem.storage.size", (text) => spec({ backup: backup(text) })],
  ];
  for (const [path, make] of makers) {
    const [shrunk] = change(make("10Gi"), make("5Gi"), "StorageGrowsOnly");
    assert.deepEqual([shrunk?.path, shrunk?.message.includes("current value is 10Gi")], [path, true]);
    for (const text of ["10Gi", "10240Mi", "20Gi", "1 lot"]) {
      assert.deepEqual(change(make("10Gi"), make(text), "StorageGrowsOnly"), [], text);
    }
  }
  assert.equal(change(pool({}), pool(size("500Mi")), "StorageGrowsOnly").length, 1, "less than the default");
  const other = withShard({ spec: { pools: { main: {}, new: size("1Mi") } } });
  assert.deepEqual(change(pool({}), other, "StorageGrowsOnly"), []);
});

Deno.test("members of an etcd are fixed, whoever says how many", () => {
  const etcd = (replicas: number) => spec({ globalTopoServer: { etcd: { replicas } } });
  const external = spec({ globalTopoServer: { external: { endpoints: ["http://e"] } } });
  const [fixed] = change(etcd(3), etcd(5), "EtcdMembersFixed");
  assert.equal(fixed?.path, "spec.globalTopoServer.etcd.replicas");
  assert.match(fixed?.message ?? "", /current value is 3/);
  assert.equal(change(spec({}), etcd(1), "EtcdMembersFixed").length, 1, "3 is the default");
  assert.deepEqual(change(spec({}), etcd(3), "EtcdMembersFixed"), []);
  assert.deepEqual(change(etcd(5), external, "EtcdMembersFixed"), []);
  assert.deepEqual(change(external, etcd(5), "EtcdMembersFixed"), []);
  const five = templatesOf({ CoreTemplate: { five: { globalTopoServer: { etcd: { replicas: 5 } } } } });
  const byTemplate = spec({ globalTopoServer: { templateRef: "five" } });
  assert.equal(change(etcd(3), byTemplate, "EtcdMembersFixed", five).length, 1);
  assert.deepEqual(change(etcd(5), byTemplate, "EtcdMembersFixed", five), []);
  const local = (replicas: number) =>
    spec({ cells: [{ ...cell, spec: { localTopoServer: { etcd: { replicas } } } }] });
  assert.equal(change(local(3), local(5), "EtcdMembersFixed").length, 1);
});

Deno.test("addresses are those that a Service takes", () => {
  for (const address of ["0.0.0.0", "255.255.255.255", "::", "::1", "fd00:1:2:3:4:5:6:7"]) {
    assert.ok(isAddress(address), address);
  }
  for (
    const address of [
      "256.0.0.1",
      "1.2.3",
      "01.2.3.4",
      "1.2.3.4.5",
      "1:2",
      "1::2::3",
      "1:2:3:4:5:6:7:8:9",
      "a.b.c.d",
      "",
    ]
  ) {
    assert.ok(!isAddress(address), address);
  }
});

Deno.test("durations are read as Go reads them", () => {
  const known: readonly (readonly [string, number])[] = [
    ["10s", 10],
    ["1m30s", 90],
    ["1.5h", 5400],
    ["250ms", 0.25],
    ["-2s", -2],
    ["3\u00b5s", 3e-6],
    ["3\u03bcs", 3e-6],
  ];
  for (const [text, seconds] of known) {
    assert.ok(Math.abs((durationSeconds(text) ?? NaN) - seconds) < 1e-12, text);
  }
  for (const text of ["", "10", "s", "1 s", "1s2", "1e3s"]) {
    assert.equal(durationSeconds(text), undefined, text);
  }
});
