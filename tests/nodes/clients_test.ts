import assert from "node:assert/strict";
import { GROUP, VERSION } from "../../api/smoketurner/group.ts";
import { credentialKeys } from "../../api/smoketurner/secret_keys.ts";
import { realNodes } from "../ground/ground.ts";
import { conditionStatus, stringAt } from "../ground/json.ts";
import { kubectl } from "../ground/kubectl.ts";
import { POOLER_IMAGE } from "../ground/nodes/images.ts";
import { waitFor, waitUntil } from "../ground/wait_for.ts";
import { secretOf } from "./load.ts";
import { LONG_MS } from "./cluster.ts";
import { names, onNodes } from "./stage.ts";

/** Number of the certificate that a server shows to clients of PostgreSQL. */
const SERIAL =
  'openssl s_client -connect "$1" -starttls postgres </dev/null 2>/dev/null | openssl x509 -noout -serial';

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
      },
    );

    await t.step(
      "a certificate that is lost is issued anew, and members take it up while they run",
      async () => {
        const lives = async () => (await stage.members()).map(({ uid, startedAt }) => `${uid} ${startedAt}`);
        const serial = () => run("sh", "-c", SERIAL, "sh", `${names.primaryService}:5432`);
        const [before, standing] = [await lives(), await serial()];
        assert.match(standing, /^serial=/);
        await stage.client.request("DELETE", stage.path("secrets", names.ownTls));
        const issued = await waitUntil("another certificate", serial, (now) => now !== standing, {
          timeoutMs: LONG_MS,
          intervalMs: 1_000,
        });
        assert.match(issued, /^serial=/);
        assert.deepEqual(await lives(), before);
      },
    );
  },
);
