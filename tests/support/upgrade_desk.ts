/** The desk at which work inside the databases is done, for the servers of a test. */
import type { Desk } from "../../controllers/postgres_upgrade/desk.ts";
import { partyOf } from "../../controllers/postgres_upgrade/party.ts";
import type { Side, SideName } from "../../controllers/postgres_upgrade/sides.ts";
import { toData } from "../../certs/pem.ts";
import { KubeClient } from "../../kube/client.ts";
import { systemClock } from "../../kube/clock.ts";
import type { Transport } from "../../kube/transport.ts";
import { openSqlClient } from "../../postgres/sql/open.ts";
import { silentMetrics } from "../../telemetry/metrics.ts";
import type { PrivatePostgres } from "./private_postgres.ts";
import { SUPERUSER_PASSWORD } from "./private_postgres.ts";
import type { UpgradeServers } from "./upgrade_servers.ts";

/** Answers every question for a Secret with the password. */
const secrets: Transport = {
  request: (request) =>
    Promise.resolve({
      status: 200,
      body: JSON.stringify({
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: request.path.split("/").at(-1)?.split("?")[0], namespace: "shop" },
        data: { POSTGRES_PASSWORD: toData(SUPERUSER_PASSWORD) },
      }),
    }),
  stream: () => Promise.reject(new Error("Cannot watch here")),
  close: () => undefined,
};

function sideOf(side: SideName, { port }: PrivatePostgres): Side {
  return {
    side,
    cluster: side,
    namespace: "shop",
    place: { host: "127.0.0.1", port },
    serverName: "localhost",
    credentials: `${side}-credentials`,
  };
}

export async function deskOf(servers: UpgradeServers): Promise<{ readonly desk: Desk } & AsyncDisposable> {
  const stop = new AbortController();
  const { signal } = stop;
  const client = new KubeClient({
    transport: secrets,
    clock: systemClock,
    metrics: silentMetrics,
    fieldManager: "tester",
  });
  const tools = { sql: openSqlClient({ clock: systemClock }), client, signal };
  const desk: Desk = {
    upgrade: { name: "next", uid: "6a0f6a5e-0000-4000-8000-000000000001" },
    source: await partyOf(sideOf("source", servers.source), tools),
    target: await partyOf(sideOf("target", servers.target), tools),
    direction: "forward",
    slots: { keep: () => Promise.resolve(), release: () => Promise.resolve() },
    rules: { verifyRowCounts: true, tolerance: 0, drainMs: 2_000, attached: false },
    clock: systemClock,
    signal,
  };
  return {
    desk,
    [Symbol.asyncDispose]: () => {
      stop.abort();
      return Promise.resolve();
    },
  };
}
