import assert from "node:assert/strict";
import { MultigresClusters } from "../../../api/multigres/multigres_cluster.ts";
import type { Stores } from "../../../controllers/services.ts";
import { StorePool } from "../../../topology/etcd/store_pool.ts";
import { delay, waitUntil } from "../../ground/wait_for.ts";
import { borrow, type ClusterStage, clusterTest, downToShards } from "../../support/cluster_stage.ts";
import { PENDING_MS, untilQuiet } from "../../support/quiet.ts";
import { cluster, conditionOf, start } from "./support.ts";

const SILENT = 30;

/** A server that takes connections and never says a word; it counts them. */
function silentServer(): Disposable & { readonly port: number; taken: number } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections: Deno.Conn[] = [];
  const server = {
    port: listener.addr.port,
    taken: 0,
    [Symbol.dispose]: () => {
      listener.close();
      for (const connection of connections) connection.close();
    },
  };
  void (async () => {
    for await (const connection of listener) {
      server.taken++;
      connections.push(connection);
    }
  })().catch(() => {});
  return server;
}

/** Makes a healthy cluster. @returns milliseconds from its manifest until it is Healthy */
async function timeToHealthy(stage: ClusterStage, name: string): Promise<number> {
  const begun = performance.now();
  await stage.apply(cluster(name));
  await stage.untilPhase(name, "Healthy");
  return performance.now() - begun;
}

const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

clusterTest(
  `${SILENT} clusters whose etcd is silent hold up nobody, and ask ever more rarely`,
  async (stage) => {
    using silent = silentServer();
    using pool = new StorePool();
    let attempts = 0;
    const stores: Stores = {
      borrow: (connection) => {
        if (connection.endpoints.some((each) => each.endsWith(`:${silent.port}`))) attempts++;
        return borrow(pool, connection);
      },
    };
    await using operator = start(stage, { setUp: downToShards({ stores }) });
    const alone: number[] = [];
    for (const name of ["a", "b", "c"]) alone.push(await timeToHealthy(stage, name));

    const external = (name: string) => ({
      external: { endpoints: [`http://127.0.0.1:${silent.port}`], rootPath: `/${name}` },
    });
    const names = Array.from({ length: SILENT }, (_, at) => `silent-${at}`);
    for (const name of names) await stage.apply(cluster(name, { globalTopoServer: external(name) }));
    const clusters = () => stage.client.listAll(MultigresClusters.resource, { namespace: stage.namespace });
    await waitUntil(
      "all to wait for their etcd",
      clusters,
      (seen) =>
        seen.filter((each) => conditionOf(each, "TopologyRegistered") === "False/TopologyWaiting").length ===
          SILENT &&
        seen.every((each) => conditionOf(each, "Available") === "True/AggregatedStatus"),
      { timeoutMs: 90_000, intervalMs: 500 },
    );
    await untilQuiet(operator, PENDING_MS, 90_000);

    const before = { attempts, writes: operator.transport.writes.length };
    await delay(20_000);
    const rate = (attempts - before.attempts) / SILENT;
    assert.ok(rate >= 0.5 && rate <= 8, `${rate} attempts of each in 20 s`);
    assert.deepEqual(operator.transport.writes.slice(before.writes), [], "and nothing is written meanwhile");

    const among: number[] = [];
    for (const name of ["d", "e", "f"]) among.push(await timeToHealthy(stage, name));
    console.log(
      `healthy after ${Math.round(median(alone))} ms alone, ${Math.round(median(among))} ms among them; ` +
        `${rate.toFixed(1)} attempts of each in 20 s, ${silent.taken} connections in all`,
    );
    assert.ok(median(among) < 2 * median(alone) + 500, `${among} against ${alone}`);
  },
);
