import assert from "node:assert/strict";
import { MultigresClusters } from "../../api/multigres/multigres_cluster.ts";
import { annotations } from "../../api/smoketurner/annotations.ts";
import { type PostgresCluster, PostgresClusters } from "../../api/smoketurner/postgres_cluster.ts";
import { UsageError } from "../../cli/usage_error.ts";
import { ManualClock } from "../../kube/manual_clock.ts";
import { parseWanted } from "../find.ts";
import { chosenGroup, type Group, primaryOf } from "../groups.ts";
import { operatorPicture } from "../operator.ts";
import { TooLateError } from "../plugin_error.ts";
import { waitFor } from "../wait.ts";
import { stateOf } from "./backup.ts";
import { parseCurl, requireOnlyChoice } from "./promote.ts";
import { psqlCommand } from "./psql.ts";

function postgres(status?: unknown, metadata: object = {}): PostgresCluster {
  const { group, version, kind } = PostgresClusters.definition;
  const decoded = PostgresClusters.decode({
    apiVersion: `${group}/${version}`,
    kind,
    metadata: { name: "orders", ...metadata },
    spec: { version: "16", storage: { size: "1Gi" }, tls: { enabled: false } },
    ...(status === undefined ? {} : { status }),
  });
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems));
  return decoded.value;
}

Deno.test("psql gets its arguments as they are, and a password is read where it lies", () => {
  const args = ["-c", "select 'a b'"];
  assert.deepEqual(psqlCommand({ kind: "PostgresCluster", cluster: postgres() }, "shop", args), [
    "psql",
    "-U",
    "postgres",
    "-d",
    "shop",
    "-c",
    "select 'a b'",
  ]);
  const { group, version, kind } = MultigresClusters.definition;
  const decoded = MultigresClusters.decode({
    apiVersion: `${group}/${version}`,
    kind,
    metadata: { name: "c" },
    spec: { postgresPasswordSecretRef: { name: "pw", key: "password" }, postgresSuperuser: "boss" },
  });
  assert.ok(decoded.ok);
  const [shell, , script, , ...rest] = psqlCommand(
    { kind: "MultigresCluster", cluster: decoded.value },
    "db",
    args,
  );
  assert.deepEqual([shell, script], [
    "sh",
    'PGPASSWORD=$(cat "$POSTGRES_PASSWORD_FILE") exec psql "$@"',
  ]);
  assert.deepEqual(rest.slice(-6), ["-U", "boss", "-d", "db", ...args]);
});

Deno.test("names are read with any name of their kind", () => {
  assert.deepEqual(parseWanted("a"), { kind: undefined, name: "a" });
  for (const kind of ["mgc", "MultigresCluster", "multigresclusters", "multigresclusters.multigres.com"]) {
    assert.deepEqual(parseWanted(`${kind}/a`), { kind: "MultigresCluster", name: "a" });
  }
  assert.deepEqual(parseWanted("pgc/a"), { kind: "PostgresCluster", name: "a" });
  for (const text of ["", "/a", "a/", "pods/a", "a/b/c"]) assert.throws(() => parseWanted(text), UsageError);
});

Deno.test("one of several shards has to be named, and there must be one primary", () => {
  const group = (name: string): Group => ({ name, shard: undefined, members: [] });
  const groups = [group("db/t/0-8"), group("db/t/8-f")];
  assert.equal(chosenGroup(groups, "db/t/8-f", "c").name, "db/t/8-f");
  assert.throws(
    () => chosenGroup(groups, undefined, "c"),
    /name one by --shard; there are db\/t\/0-8, db\/t\/8-f/,
  );
  assert.throws(() => chosenGroup(groups, "x", "c"), /Cannot find shard x of c: there are/);
  assert.throws(() => primaryOf(group("g")), /no pod is known as its primary/);
});

Deno.test("who follows a primary of Multigres can be said only where there is no choice", () => {
  const members = ["a", "b", "c"].map((
    name,
  ) => ({ name, role: name === "a" ? "primary" : "replica" } as const));
  const change = { leader: "a", candidate: "b" };
  assert.throws(
    () => requireOnlyChoice(members, change),
    /Cannot promote b rather than c .* --any-standby has a resign/,
  );
  requireOnlyChoice(members.slice(0, 2), change);
});

Deno.test("the answer of curl is told apart from its status", () => {
  assert.deepEqual(parseCurl("no good candidates\n412"), { message: "no good candidates", code: 412 });
  assert.deepEqual(parseCurl("\n200"), { message: "", code: 200 });
});

Deno.test("a manual backup is over only with its own trigger", () => {
  const asked = { annotations: { [annotations.triggerBackup]: "now" } };
  const status = (trigger: string, state: string) =>
    postgres({
      phase: "Running",
      backup: { lastManualBackupTrigger: trigger, lastManualBackupStatus: state },
    }, asked);
  assert.deepEqual(stateOf(status("now", "completed"), "now"), { found: "" });
  assert.ok("lacks" in stateOf(status("now", "running"), "now"));
  assert.ok("lacks" in stateOf(status("before", "completed"), "now"));
  assert.throws(() => stateOf(status("now", "failed"), "now"), /Cannot back up orders/);
  assert.throws(() => stateOf(status("later", "running"), "then"), /somebody asked for another one: now/);
});

Deno.test("a wait ends with its time, and says what lacked at last", async () => {
  const clock = new ManualClock();
  const said: string[] = [];
  const waiting = waitFor({
    what: "a miracle",
    seconds: 2,
    clock,
    look: () => Promise.resolve({ lacks: "faith" }),
    say: (lacks) => said.push(lacks),
  });
  const failed = assert.rejects(
    waiting,
    (error) =>
      error instanceof TooLateError && /Waited 2s for a miracle: faith; .*--timeout/.test(error.message),
  );
  await clock.advance(1_000);
  await clock.advance(1_000);
  await failed;
  assert.deepEqual(said, ["faith"]);
});

Deno.test("a Lease that nobody renews is stale", () => {
  const now = new Date("2026-01-01T00:10:00Z");
  const lease = (renewTime: string) =>
    operatorPicture({
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name: "l", namespace: "n" },
      spec: { holderIdentity: "a", leaseDurationSeconds: 15, renewTime },
    }, now).state;
  assert.deepEqual([lease("2026-01-01T00:09:50Z"), lease("2026-01-01T00:09:00Z")], ["working", "stale"]);
});
