import assert from "node:assert/strict";
import { kubectl, type KubectlOptions } from "../../ground/kubectl.ts";
import { waitFor } from "../../ground/wait_for.ts";
import type { NamespaceScope } from "../../ground/with_namespace.ts";
import { changed } from "../../support/rule_cases.ts";
import { clusterStatus, databaseStatus, upgradeStatus } from "./smoketurner_statuses.ts";
import { create, fixture, pathOf, type Plural, withKinds } from "./smoketurner_support.ts";

const examples: readonly [Plural, string, string, Record<string, unknown>][] = [
  ["postgresclusters", "patroni", "orders", clusterStatus],
  ["postgresdatabases", "database", "billing", databaseStatus],
  ["postgresupgrades", "upgrade", "orders-to-17", upgradeStatus],
];

/** One object of each kind, with a status. */
async function fill({ client, namespace }: NamespaceScope): Promise<KubectlOptions> {
  for (const [plural, file, name, status] of examples) {
    await create({ client, namespace, plural }, await fixture(file));
    await client.request(
      "PATCH",
      `${pathOf(plural, namespace, name)}/status`,
      { status },
      "application/merge-patch+json",
    );
  }
  // Discovery follows the installation of a kind within a moment.
  await waitFor("short names to be known", () => kubectl(["get", "pgc,pgdb,pgu"], { namespace }));
  return { namespace };
}

/** The table that kubectl prints, without the age, which a test cannot foresee. */
async function table(args: readonly string[], options: KubectlOptions): Promise<string[][]> {
  const lines = (await kubectl(["get", ...args], options)).trimEnd().split("\n");
  const rows = lines.map((line) => line.split(/\s+/));
  assert.equal(rows[0]?.at(-1), "AGE");
  return rows.map((row) => row.slice(0, -1));
}

Deno.test("kubectl get shows of each kind what its user looks for first", async (t) => {
  await withKinds(t, async (scope) => {
    const options = await fill(scope);
    assert.deepEqual(await table(["pgc"], options), [
      ["NAME", "VERSION", "REPLICAS", "PHASE", "READY"],
      ["orders", "16", "3", "Running", "3"],
    ]);
    assert.deepEqual(await table(["pgc", "-o", "wide"], options), [
      ["NAME", "VERSION", "REPLICAS", "PHASE", "SUCCESSOR", "READY"],
      ["orders", "16", "3", "Running", "to-17-target", "3"],
    ]);
    assert.deepEqual(await table(["pgdb"], options), [
      ["NAME", "CLUSTER", "DATABASE", "OWNER", "PHASE"],
      ["billing", "orders", "billing", "billing_owner", "Ready"],
    ]);
    for (const name of ["pgu", "pgup", "pgupgrade", "postgresupgrade"]) {
      assert.deepEqual(await table([name], options), [
        ["NAME", "SOURCE", "TARGETVER", "PHASE", "LAG"],
        ["orders-to-17", "orders", "17", "Replicating", "7"],
      ]);
    }
  });
});

Deno.test("the categories databases, postgresql and all list every kind", async (t) => {
  await withKinds(t, async (scope) => {
    const options = await fill(scope);
    for (const category of ["databases", "postgresql", "all"]) {
      const names = (await kubectl(["get", category, "-o", "name"], options)).trimEnd().split("\n").sort();
      assert.deepEqual(names.filter((name) => name.includes(".smoketurner.com/")), [
        "postgrescluster.postgres-operator.smoketurner.com/orders",
        "postgresdatabase.postgres-operator.smoketurner.com/billing",
        "postgresupgrade.postgres-operator.smoketurner.com/orders-to-17",
      ]);
    }
  });
});

Deno.test("kubectl explain knows every part down to the alternate spellings", async (t) => {
  await withKinds(t, async () => {
    const expected: readonly [string, RegExp][] = [
      ["postgresclusters", /a primary and its standbys/],
      ["postgresclusters.spec.backup.destination.S3", /nested spelling/],
      ["postgresclusters.spec.restore.source.s3.credentials_secret", /Older spelling/],
      ["postgresclusters.spec.scaling.idleTimeout", /Ignored/],
      ["postgresclusters.status.resizeStatus", /run in place/],
      ["postgresdatabases.spec.roles.privileges", /BYPASSRLS/],
      ["postgresupgrades.spec.strategy.cutover.allowedWindow.timezone", /IANA/],
    ];
    for (const [path, text] of expected) {
      const said = await waitFor(`an explanation of ${path}`, () => kubectl(["explain", path]));
      assert.match(said.replaceAll(/\s+/g, " "), text);
    }
  });
});

Deno.test("kubectl apply changes a stored object in one field, and leaves defaults alone", async (t) => {
  await withKinds(t, async (scope) => {
    const options = { namespace: scope.namespace };
    const manifest = await fixture("backup_nested");
    const apply = (object: unknown) =>
      kubectl(["apply", "--validate=strict", "-f", "-"], { ...options, stdin: JSON.stringify(object) });
    assert.match(await apply(manifest), /created/);
    assert.match(await apply(manifest), /unchanged/);
    assert.match(await apply(changed(manifest, { "spec.replicas": 2 })), /configured/);
    const [replicas, schedule] = (await kubectl(
      ["get", "pgc", "backup-nested", "-o", "jsonpath={.spec.replicas},{.spec.backup.schedule}"],
      options,
    )).split(",");
    assert.deepEqual([replicas, schedule], ["2", "0 2 * * *"]);
  });
});
