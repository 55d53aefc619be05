/** An upgrade on a real API server, whose two clusters are real PostgreSQL servers on loopback; only their pods are fake. */
import assert from "node:assert/strict";
import { annotations } from "../../../api/smoketurner/annotations.ts";
import { labelKeys } from "../../../api/smoketurner/labels.ts";
import { PostgresClusters } from "../../../api/smoketurner/postgres_cluster.ts";
import { type PostgresUpgrade, PostgresUpgrades } from "../../../api/smoketurner/postgres_upgrade.ts";
import { toData } from "../../../certs/pem.ts";
import { postgresClusterController } from "../../../controllers/postgres_cluster/controller.ts";
import { postgresUpgradeController } from "../../../controllers/postgres_upgrade/controller.ts";
import type { PlaceOf } from "../../../controllers/postgres_upgrade/sides.ts";
import { type Clock, systemClock } from "../../../kube/clock.ts";
import type { KubeClient } from "../../../kube/client.ts";
import { Events, Pods, Secrets, Services } from "../../../kube/kinds.ts";
import { openSqlClient } from "../../../postgres/sql/open.ts";
import type { SqlClient, SqlTarget } from "../../../postgres/sql/sql_client.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { delay, waitUntil } from "../../ground/wait_for.ts";
import { withNamespace } from "../../ground/with_namespace.ts";
import { Writer } from "../../support/append_log.ts";
import type { FaultyTransport } from "../../support/faulty_transport.ts";
import { installKinds, type RunningOperator, startOperator, steadyClient } from "../../support/operator.ts";
import { type PrivatePostgres, SUPERUSER_PASSWORD } from "../../support/private_postgres.ts";
import { UpgradeServers } from "../../support/upgrade_servers.ts";

export const SOURCE = "orders";
export const UPGRADE = "next";
export const TARGET = `${UPGRADE}-target`;
/** Database that the tests fill; definitions of its tables are theirs. */
export const DATABASE = "shop";

type Status = NonNullable<PostgresUpgrade["status"]>;
type Changes = Readonly<Record<string, unknown>>;

/** Short times, so that minutes of waiting become seconds. */
export const quickStrategy = {
  preChecks: { minVerificationPasses: 2, verificationInterval: "1s", drainConnectionsTimeout: "1s" },
  postCutover: { healthCheckInterval: "1s", healthCheckDuration: "2s" },
};

export interface OperatorChoices {
  readonly clock?: Clock;
  readonly sql?: SqlClient;
  readonly prepare?: (transport: FaultyTransport) => void;
}

export interface Stage {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly servers: UpgradeServers;
  /** What Patroni was told of slots: `source:name` while it is to be kept. */
  readonly kept: ReadonlySet<string>;
  /** The operator of clusters, and that of upgrades. */
  start(choices?: OperatorChoices): RunningOperator;
  startClusters(): RunningOperator;
  startUpgrades(choices?: OperatorChoices): RunningOperator;
  /** Makes the source, and waits until it runs. */
  makeSource(): Promise<void>;
  upgrade(strategy?: Changes, more?: Changes): Promise<void>;
  annotate(key: "cutover" | "rollback", value?: string | null): Promise<void>;
  status(): Promise<Status>;
  untilPhase(phase: string, timeoutMs?: number): Promise<Status>;
  untilStatus(what: string, accept: (status: Status) => boolean): Promise<Status>;
  /** The server that clients of a Service are led to. */
  ledTo(service: string): Promise<PrivatePostgres | undefined>;
  /** A writer that comes by the Service of the source's primary. */
  writer(name: string): Writer;
  /** `Reason message` of the events told of the upgrade. */
  events(): Promise<string[]>;
  clusterPhase(name: string): Promise<string | undefined>;
}

let installed: Promise<void> | undefined;

function install(): Promise<void> {
  installed ??= (async () => {
    using client = steadyClient(sharedCluster().connection);
    await installKinds(client);
  })();
  return installed;
}

export function scenario(title: string, run: (stage: Stage) => Promise<void>): void {
  Deno.test(title, (t) =>
    withNamespace(t, async ({ namespace }) => {
      await install();
      using client = steadyClient(sharedCluster().connection);
      await using servers = await UpgradeServers.start();
      await servers.source.run(`CREATE DATABASE ${DATABASE}`);
      await using stack = new AsyncDisposableStack();
      await run(stageOf(client, namespace, { servers, stack }));
    }));
}

interface World {
  readonly servers: UpgradeServers;
  readonly stack: AsyncDisposableStack;
}

function stageOf(client: KubeClient, namespace: string, { servers, stack }: World): Stage {
  stack.use(labelPrimaries(client, namespace));
  const kept = new Set<string>();
  const key = { namespace, name: UPGRADE };
  const get = () => client.get(PostgresUpgrades.resource, key);
  const pending: Status = { phase: "Pending" };
  const status = async () => (await get()).status ?? pending;
  const ledTo = async (service: string) => {
    const { selector = {} } = (await client.get(Services, { namespace, name: service })).spec ?? {};
    if (selector[labelKeys.upgradeRole] !== undefined) return undefined;
    return selector[labelKeys.cluster] === TARGET ? servers.target : servers.source;
  };
  const untilStatus = (what: string, accept: (seen: Status) => boolean, timeoutMs = 90_000) =>
    waitUntil(what, status, accept, { timeoutMs });
  return {
    client,
    namespace,
    servers,
    kept,
    start: (choices = {}) => {
      stack.use(operateClusters(namespace));
      return stack.use(operateUpgrades(namespace, { servers, kept, choices }));
    },
    startClusters: () => stack.use(operateClusters(namespace)),
    startUpgrades: (choices = {}) => stack.use(operateUpgrades(namespace, { servers, kept, choices })),
    makeSource: () => makeSource(client, namespace),
    upgrade: (strategy = quickStrategy, more = {}) => makeUpgrade(client, namespace, { strategy, ...more }),
    annotate: async (name, value = "now") => {
      await client.patch(PostgresUpgrades.resource, key, {
        metadata: { annotations: { [annotations[name]]: value } },
      });
    },
    status,
    untilPhase: (phase, timeoutMs) =>
      untilStatus(`phase ${phase}`, (seen) => seen.phase === phase, timeoutMs),
    untilStatus,
    ledTo,
    writer: (name) =>
      stack.use(
        new Writer(name, {
          client: openSqlClient({ clock: systemClock }),
          place: async (): Promise<SqlTarget | undefined> => {
            const server = await ledTo(`${SOURCE}-primary`);
            return server === undefined ? undefined : { ...server.target, database: DATABASE };
          },
          table: "log",
        }),
      ),
    events: async () => {
      const events = await client.listAll(Events, {
        namespace,
        fields: "involvedObject.kind=PostgresUpgrade",
      });
      return events.map(({ reason, message }) => `${reason} ${message}`);
    },
    clusterPhase: async (name) =>
      (await client.find(PostgresClusters.resource, { namespace, name }))?.status?.phase,
  };
}

async function makeSource(client: KubeClient, namespace: string): Promise<void> {
  const labels = { [labelKeys.cluster]: SOURCE };
  await client.create(Secrets, {
    metadata: { namespace, name: `${SOURCE}-credentials`, labels },
    type: "Opaque",
    data: { POSTGRES_PASSWORD: toData(SUPERUSER_PASSWORD), REPLICATION_PASSWORD: toData("standby's") },
  });
  await client.apply(PostgresClusters.resource, {
    metadata: { namespace, name: SOURCE },
    spec: {
      version: "16",
      replicas: 1,
      storage: { size: "1Gi" },
      tls: { enabled: false },
      labels: { team: "shop" },
    },
  });
  await waitUntil(
    "the source to run",
    () => client.get(PostgresClusters.resource, { namespace, name: SOURCE }),
    (seen) => seen.status?.phase === "Running",
  );
}

async function makeUpgrade(client: KubeClient, namespace: string, changes: Changes): Promise<void> {
  const { resource } = PostgresUpgrades;
  const spec = { sourceCluster: { name: SOURCE }, targetVersion: "17", ...changes };
  const decoded = PostgresUpgrades.decode({
    apiVersion: `${resource.group}/${resource.version}`,
    kind: resource.kind,
    metadata: { namespace, name: UPGRADE },
    spec,
  });
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems));
  await client.apply(resource, { metadata: { namespace, name: UPGRADE }, spec: decoded.value.spec });
}

interface Choice {
  readonly servers: UpgradeServers;
  readonly kept: Set<string>;
  readonly choices: OperatorChoices;
}

function operateClusters(namespace: string): RunningOperator {
  return startOperator(sharedCluster().connection, {
    setUp: (manager) =>
      manager.add(postgresClusterController({ patroniAddress: () => "http://127.0.0.1:9" })),
    namespaces: [namespace],
  });
}

function operateUpgrades(namespace: string, { servers, kept, choices }: Choice): RunningOperator {
  const placeOf: PlaceOf = (service) => {
    const { port } = service === `${UPGRADE}-source` ? servers.source : servers.target;
    return { host: "127.0.0.1", port };
  };
  const sql = choices.sql ?? openSqlClient({ clock: systemClock });
  const { clock, prepare } = choices;
  return startOperator(sharedCluster().connection, {
    setUp: (manager) => {
      manager.add(postgresUpgradeController({
        sql: behindCopy(sql, servers),
        placeOf,
        tellPatroni: async (address, slots) => {
          assert.match(address, /^http:/);
          for (const [slot, database] of Object.entries(slots)) {
            if (database === null) kept.delete(slot);
            else await keepAsPatroni(servers, kept, { slot, database });
          }
        },
      }));
    },
    namespaces: [namespace],
    ...(clock === undefined ? {} : { clock }),
    ...(prepare === undefined ? {} : { prepare }),
  });
}

/** Patroni does not only leave a slot alone that it is to keep: it makes it, and may do so at once. */
async function keepAsPatroni(
  { source, target }: UpgradeServers,
  kept: Set<string>,
  { slot, database }: { readonly slot: string; readonly database: string },
): Promise<void> {
  kept.add(slot);
  const server = slot.includes("_back") ? target : source;
  await server.run(
    `SELECT pg_create_logical_replication_slot('${slot}', 'pgoutput') WHERE NOT EXISTS
     (SELECT 1 FROM pg_replication_slots WHERE slot_name = '${slot}')`,
    database,
  );
}

/** Fake pods complete a Job without doing its work, so it is done here, before anybody reaches the new server. */
function behindCopy(sql: SqlClient, servers: UpgradeServers): SqlClient {
  return {
    connect: async (target, options) => {
      if (target.port === servers.target.port) await servers.copyOnce();
      return await sql.connect(target, options);
    },
  };
}

/** Does what Patroni does: labels the primary. */
function labelPrimaries(client: KubeClient, namespace: string): AsyncDisposable {
  let running = true;
  const done = (async () => {
    while (running) {
      const pods = await client.listAll(Pods, {
        namespace,
        labels: `${labelKeys.application}=spilo,!${labelKeys.role}`,
      });
      for (const { metadata: { name } } of pods) {
        await client.patch(Pods, { namespace, name }, {
          metadata: { labels: { [labelKeys.role]: "master" } },
        });
      }
      await delay(200);
    }
  })();
  return {
    async [Symbol.asyncDispose]() {
      running = false;
      await done;
    },
  };
}

/** Rows that were acknowledged until now and are not there. */
export async function lostRows({ acknowledged }: Writer, server: PrivatePostgres): Promise<string[]> {
  const told = [...acknowledged];
  const rows = await server.ask("SELECT entry FROM public.log", [], DATABASE);
  const there = new Set(rows.map(({ entry }) => String(entry)));
  return told.filter((entry) => !there.has(entry));
}

/** Waits until a writer has had so many more rows acknowledged. */
export async function untilWritten(writer: Writer, more: number): Promise<void> {
  const before = writer.acknowledged.length;
  await waitUntil("writes", () => writer.acknowledged.length, (count) => count >= before + more);
}
