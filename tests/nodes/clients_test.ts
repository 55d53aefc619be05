import assert from "node:assert/strict";
import { GROUP, VERSION } from "../../api/smoketurner/group.ts";
import { credentialKeys } from "../../api/smoketurner/secret_keys.ts";
import { realNodes } from "../ground/ground.ts";
import { conditionStatus, stringAt } from "../ground/json.ts";
import { kubectl } from "../ground/kubectl.ts";
import { POOLER_IMAGE } from "../ground/nodes/images.ts";
import { waitFor, waitUntil } from "../ground/wait_for.ts";
import { tell } from "./figures.ts";
import { ask, secretOf, startLoad, targetOf } from "./load.ts";
import { LONG_MS } from "./cluster.ts";
import { names, onNodes, type Stage } from "./stage.ts";

/** Number of the certificate that a server shows to clients of PostgreSQL. */
const SERIAL =
  'openssl s_client -connect "$1" -starttls postgres </dev/null 2>/dev/null | openssl x509 -noout -serial';

/** Ends the sessions of a role, so that its clients have to prove themselves again. */
async function everyoneConnectsAnew(stage: Stage, role: string): Promise<void> {
  const others = `usename = '${role}' AND backend_type = 'client backend' AND pid <> pg_backend_pid()`;
  await ask(
    await targetOf(stage, names.primaryService),
    `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE ${others}`,
  );
}

onNodes(
  "clients come in through poolers, and with psql as a role of a PostgresDatabase",
  async (stage, t) => {
    const pgbouncer = {
      enabled: true,
      replicas: 1,
      image: POOLER_IMAGE,
      maxDbConnections: 20,
      enableReplicaPooler: true,
    };
    await stage.apply({ replicas: 2, pgbouncer });
    await stage.untilWell(2);

    const [client] = (await stage.members()).filter(({ isPrimary }) => !isPrimary);
    const run = async (...command: string[]) => {
      const said = await kubectl(["exec", client?.name ?? "", "-c", "postgres", "--", ...command], {
        kubeconfigPath: realNodes().kubeconfigPath,
        namespace: stage.namespace,
      });
      return said.trim();
    };
    const psql = (uri: string, statement: string) =>
      run("psql", uri, "-v", "ON_ERROR_STOP=1", "-Atc", statement);

    const password = await secretOf(stage, names.credentialsSecret, credentialKeys.superuserPassword);
    for (
      const [service, reads] of [[names.poolerService, false], [names.replicaPoolerService, true]] as const
    ) {
      await t.step(
        `Service ${service} leads to a member that ${reads ? "only reads" : "writes"}`,
        async () => {
          const verified = "sslmode=verify-full&sslrootcert=/tls/ca.crt";
          const uri = `postgresql://postgres:${password}@${service}:6432/postgres?${verified}`;
          const said = await waitFor("the pooler to answer", () => psql(uri, "SELECT pg_is_in_recovery()"), {
            timeoutMs: LONG_MS,
            intervalMs: 500,
          });
          assert.equal(said, reads ? "t" : "f");
        },
      );
    }

    await t.step("a role of a PostgresDatabase writes by psql with what its Secret says", async () => {
      const database = {
        apiVersion: `${GROUP}/${VERSION}`,
        kind: "PostgresDatabase",
        metadata: { name: "shop" },
        spec: {
          clusterRef: { name: "orders" },
          database: { name: "shop", owner: "app" },
          roles: [{ name: "app", secretName: "app-login", login: true }],
        },
      };
      await stage.client.apply(database, stage.namespace);
      const path = await stage.client.pathOf(database, stage.namespace);
      await waitUntil(
        "the database to be ready",
        async () => await stage.client.get(path) ?? {},
        (seen) => conditionStatus(seen, "Ready") === "True",
        { timeoutMs: LONG_MS },
      );
      const uri = await secretOf(stage, "app-login", "connection-string");
      await psql(uri, "CREATE TABLE things (id int); INSERT INTO things VALUES (1), (2)");
      assert.equal(await psql(uri, "SELECT count(*), current_user FROM things"), "2|app");
      const cluster = await stage.client.get(stage.clusterPath);
      assert.equal(stringAt(cluster, "status", "phase"), "Running");
    });

    await t.step(
      "a password that is changed in its Secret is the role's from then on, and the former is not",
      async () => {
        const former = await secretOf(stage, "app-login", "connection-string");
        const login = { user: "app", password: await secretOf(stage, "app-login", "password") };
        await using load = await startLoad(stage, { database: "shop", ...login });
        const start = performance.now();
        await stage.merge(stage.path("secrets", "app-login"), {
          stringData: { password: "rotated-by-its-owner" },
        });
        const uri = await waitUntil(
          "another connection string",
          () => secretOf(stage, "app-login", "connection-string"),
          (now) => now !== former,
          { timeoutMs: LONG_MS },
        );
        const count = await waitFor(
          "the new password to count",
          () => psql(uri, "SELECT count(*) FROM things"),
          {
            timeoutMs: LONG_MS,
            intervalMs: 250,
          },
        );
        assert.equal(count, "2");
        await assert.rejects(psql(former, "SELECT 1"), /password authentication failed/);
        load.use("rotated-by-its-owner");
        await everyoneConnectsAnew(stage, "app");
        await load.untilWritten(10);
        tell("password rotated", { "write gap": load.gapSince(start) });
        assert.equal(await load.lost(), 0, "acknowledged rows are lost");
      },
    );

    await t.step(
      "a certificate that is lost is issued anew, and members take it up while they run",
      async () => {
        const lives = async () => (await stage.members()).map(({ uid, startedAt }) => `${uid} ${startedAt}`);
        const serial = () => run("sh", "-c", SERIAL, "sh", `${names.primaryService}:5432`);
        const [before, standing] = [await lives(), await serial()];
        assert.match(standing, /^serial=/);
        await using load = await startLoad(stage);
        const start = performance.now();
        await stage.client.request("DELETE", stage.path("secrets", names.ownTls));
        const issued = await waitUntil("another certificate", serial, (now) => now !== standing, {
          timeoutMs: LONG_MS,
          intervalMs: 1_000,
        });
        assert.match(issued, /^serial=/);
        await everyoneConnectsAnew(stage, "postgres");
        await load.untilWritten(10);
        tell("certificate rotated", { "write gap": load.gapSince(start) });
        assert.equal(await load.lost(), 0, "acknowledged rows are lost");
        assert.deepEqual(await lives(), before);
      },
    );
  },
);
