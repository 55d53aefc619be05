import assert from "node:assert/strict";
import { groupOf, groups, type Surroundings } from "./groups.ts";

const around: Surroundings = {
  repository: "/repo",
  ground: {
    temporary: "/scratch",
    binaries: { kubectl: "/cache/kubectl" },
    shared: { connection: { server: "https://10.1.2.3:6443" }, kubeconfigPath: "/k" },
  },
  groundFolders: ["/cache"],
};

function flagsOf(name: string): string[] {
  return groups.find((group) => group.name === name)?.permissions(around) ?? [];
}

Deno.test("a file's folder decides its group, and benchmarks have none", () => {
  const nameOf = (path: string) => groupOf("/repo", `/repo/${path}`)?.name;
  assert.equal(nameOf("kube/queue_test.ts"), "unit");
  assert.equal(nameOf("tests/house/text_test.ts"), "house");
  assert.equal(nameOf("tests/e2e/kube/apply_test.ts"), "cluster");
  assert.equal(nameOf("tests/e2e/webhook_certificates/life_test.ts"), "certificates");
  assert.equal(nameOf("tests/e2e/plugin/status_test.ts"), "plugin");
  assert.equal(nameOf("tests/e2e/postgres/settings_test.ts"), "postgres");
  assert.equal(nameOf("tests/e2e/postgres_database/life_test.ts"), "databases");
  assert.equal(nameOf("tests/e2e/postgres_upgrade/life_test.ts"), "upgrades");
  assert.equal(nameOf("tests/faults/control_plane_test.ts"), "faults");
  assert.equal(nameOf("tests/nodes/withstand_test.ts"), "nodes");
  assert.equal(nameOf("tests/bench/apply_test.ts"), undefined);
});

Deno.test("a run of everything leaves real nodes out, as they need root and the machine for themselves", () => {
  assert.equal(groups.find(({ name }) => name === "nodes")?.onRequest, true);
});

Deno.test("a unit test reads the repository, has temporary files, and may do nothing else", () => {
  assert.deepEqual(flagsOf("unit"), ["--allow-read=/repo,/scratch", "--allow-write=/scratch"]);
});

Deno.test("a test on the shared cluster reaches loopback and the cluster, and writes nothing", () => {
  const flags = flagsOf("cluster");
  assert.ok(flags.includes("--allow-net=127.0.0.1,10.1.2.3:6443"), flags.join(" "));
  assert.ok(flags.includes("--allow-run=/cache/kubectl"), flags.join(" "));
  assert.equal(flags.some((flag) => flag.startsWith("--allow-write")), false);
});

Deno.test("no group is allowed a whole kind of access", () => {
  for (const group of groups) {
    for (const flag of group.permissions(around)) assert.match(flag, /^--allow-(read|write|net|env|run)=.+/);
  }
});
