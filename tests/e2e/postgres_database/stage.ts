/** A PostgresDatabase on a real API server, whose cluster is a real PostgreSQL server on loopback. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { GROUP, VERSION } from "../../../api/smoketurner/group.ts";
import { clusterNames, serviceHost } from "../../../api/smoketurner/names.ts";
import { PostgresClusters } from "../../../api/smoketurner/postgres_cluster.ts";
import { type PostgresDatabase, PostgresDatabases } from "../../../api/smoketurner/postgres_database.ts";
import { certificateKeys, credentialKeys, roleSecretKeys } from "../../../api/smoketurner/secret_keys.ts";
import {
  type DatabaseServices,
  postgresDatabaseController,
} from "../../../controllers/postgres_database/controller.ts";
import type { Clock } from "../../../kube/clock.ts";
import type { KubeClient } from "../../../kube/client.ts";
import { Events, type Secret, Secrets } from "../../../kube/kinds.ts";
import type { GroundClient } from "../../ground/client.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { waitUntil } from "../../ground/wait_for.ts";
import { withNamespace } from "../../ground/with_namespace.ts";
import { deleteNow } from "../../support/delete_now.ts";
import type { FaultyTransport } from "../../support/faulty_transport.ts";
import { installKinds, type RunningOperator, startOperator, steadyClient } from "../../support/operator.ts";
import { PrivatePostgres, SUPERUSER_PASSWORD } from "../../support/private_postgres.ts";
import { TestSql } from "./test_sql.ts";

export const CLUSTER = "db";
export const DATABASE = "orders";

/** What most scenarios start from. */
export const basicSpec: PostgresDatabase["spec"] = {
  clusterRef: { name: CLUSTER },
  database: { name: "orders", owner: "owner" },
  roles: [
    { name: "app", secretName: "app-login", login: true },
    { name: "reader", secretName: "reader-login", login: true, connectionLimit: 5 },
  ],
  grants: [
    {
      role: "reader",
      schema: "public",
      privileges: ["SELECT"],
      allTables: true,
      allSequences: false,
      allFunctions: false,
    },
  ],
  extensions: ["hstore"],
};

type Status = NonNullable<PostgresDatabase["status"]>;

export interface Stage {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly server: PrivatePostgres;
  readonly sql: TestSql;
  /** Starts an operator; ends with the scenario at the latest. */
  start(more?: StartOptions): RunningOperator;
  /** Says that the cluster is in this phase. */
  clusterIs(phase: string): Promise<void>;
  apply(
    changed?: Partial<PostgresDatabase["spec"]>,
    annotations?: Record<string, string>,
    name?: string,
  ): Promise<void>;
  get(name?: string): Promise<PostgresDatabase>;
  untilPhase(phase: string, name?: string): Promise<Status>;
  untilStatus(what: string, accept: (status: Status) => boolean, name?: string): Promise<Status>;
  /** `Status/Reason` of a condition. */
  condition(type: string, name?: string): Promise<string>;
  delete(name?: string): Promise<void>;
  untilGone(name?: string): Promise<void>;
  secret(name: string): Promise<Secret | undefined>;
  /** The values of a role's Secret. */
  credentials(name: string): Promise<Record<string, string>>;
  /** Logs in with what a Secret says, and asks. */
  askAs(secret: string, text: string): Promise<readonly Record<string, unknown>[]>;
  /** Reasons and messages of the events told so far. */
  events(): Promise<string[]>;
}

export interface StartOptions extends Partial<Omit<DatabaseServices, "sql">> {
  readonly prepare?: (transport: FaultyTransport) => void;
  readonly sql?: TestSql;
  readonly clock?: Clock;
}

export function scenario(name: string, run: (stage: Stage, t: Deno.TestContext) => Promise<void>): void {
  Deno.test(name, (t) =>
    withNamespace(t, async ({ namespace, client: ground }) => {
      const { connection } = sharedCluster();
      using client = steadyClient(connection);
      await installKinds(client);
      await using stack = new AsyncDisposableStack();
      const serverName = serviceHost(clusterNames(CLUSTER).primaryService, namespace);
      const server = stack.use(await PrivatePostgres.start({ serverName }));
      const place = { client, namespace, server };
      await setUpCluster(place, ground);
      const sql = new TestSql(server.port);
      const start = ({ prepare, clock, sql: other = sql, ...more }: StartOptions = {}) =>
        stack.use(startOperator(connection, {
          setUp: (manager) => manager.add(postgresDatabaseController({ sql: other, ...more })),
          namespaces: [namespace],
          ...(prepare === undefined ? {} : { prepare }),
          ...(clock === undefined ? {} : { clock }),
        }));
      await run({ ...place, sql, start, ...aroundObjects(place), ...aroundSecrets(place) }, t);
    }));
}

type Where = Pick<Stage, "client" | "namespace" | "server">;

/** A cluster that is Running, and the Secrets that its controller would have made. */
async function setUpCluster({ client, namespace, server }: Where, ground: GroundClient): Promise<void> {
  const names = clusterNames(CLUSTER);
  await ground.apply({
    apiVersion: `${GROUP}/${VERSION}`,
    kind: "PostgresCluster",
    metadata: { namespace, name: CLUSTER },
    spec: { version: "17", replicas: 1, storage: { size: "1Gi" }, tls: { enabled: true } },
  });
  await client.create(Secrets, {
    metadata: { namespace, name: names.credentialsSecret },
    stringData: { [credentialKeys.superuserPassword]: SUPERUSER_PASSWORD },
  });
  await client.create(Secrets, {
    metadata: { namespace, name: names.ownTls },
    stringData: { [certificateKeys.authority]: server.authority.caPem },
  });
  await setPhase({ client, namespace }, "Running");
}

async function setPhase(
  { client, namespace }: Pick<Where, "client" | "namespace">,
  phase: string,
): Promise<void> {
  await client.patch(
    PostgresClusters.resource,
    { namespace, name: CLUSTER },
    { status: { phase } },
    "status",
  );
}

function aroundObjects({ client, namespace }: Where) {
  const { resource } = PostgresDatabases;
  const get = (name = DATABASE) => client.get(resource, { namespace, name });
  const untilStatus = async (
    what: string,
    accept: (status: Status) => boolean,
    name?: string,
  ): Promise<Status> => {
    const isIt = (status: PostgresDatabase["status"]) => status !== undefined && accept(status);
    // After failures a server is asked again a minute later at the latest.
    const found = await waitUntil(what, async () => (await get(name)).status, isIt, { timeoutMs: 90_000 });
    assert.ok(found !== undefined);
    return found;
  };
  return {
    get,
    untilStatus,
    clusterIs: (phase: string) => setPhase({ client, namespace }, phase),
    apply: async (changed: Partial<PostgresDatabase["spec"]> = {}, annotations = {}, name = DATABASE) => {
      const spec = { ...basicSpec, ...changed };
      await client.apply(resource, { metadata: { namespace, name, annotations }, spec });
    },
    untilPhase: async (phase: string, name?: string) => {
      const { metadata: { generation } } = await get(name);
      return await untilStatus(
        `phase ${phase}`,
        (status) => status.phase === phase && status.observedGeneration === generation,
        name,
      );
    },
    condition: async (type: string, name?: string) => {
      const found = (await get(name)).status?.conditions?.find((each) => each.type === type);
      return `${found?.status}/${found?.reason}`;
    },
    delete: (name = DATABASE) => deleteNow(client, resource, { namespace, name }),
    untilGone: async (name = DATABASE) => {
      await waitUntil(
        "its end",
        () => client.find(resource, { namespace, name }),
        (found) => found === undefined,
      );
    },
    events: async () =>
      (await client.listAll(Events, { namespace })).map(({ reason, message }) => `${reason}: ${message}`),
  };
}

function aroundSecrets({ client, namespace, server }: Where) {
  const secret = (name: string) => client.find(Secrets, { namespace, name });
  const credentials = async (name: string) => {
    const entries = Object.entries((await secret(name))?.data ?? {});
    return Object.fromEntries(entries.map(([key, value]) => [key, Buffer.from(value, "base64").toString()]));
  };
  return {
    secret,
    credentials,
    askAs: async (name: string, text: string) => {
      const said = await credentials(name);
      const { [roleSecretKeys.username]: user = "", [roleSecretKeys.password]: password = "" } = said;
      const database = said[roleSecretKeys.database] ?? "";
      await using session = await server.connect({ user, password, database });
      return await session.ask({ text });
    },
  };
}
