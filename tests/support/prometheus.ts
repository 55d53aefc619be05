/** A Prometheus that scrapes one page every second. */
import { join } from "node:path";
import { ground } from "../ground/ground.ts";
import { spawnGuarded, temporaryFolder } from "../ground/guard.ts";
import { listAt, stringAt } from "../ground/json.ts";
import { freePort } from "../ground/ports.ts";
import { prometheusBeside } from "../ground/promtool.ts";
import { waitFor } from "../ground/wait_for.ts";

export interface Prometheus extends AsyncDisposable {
  /** What an expression gives now: as many series. @throws Error when it cannot be read. */
  count(expr: string): Promise<number>;
}

/** @param page what `/metrics` answers */
export async function startPrometheus(page: () => Promise<string>): Promise<Prometheus> {
  const { promtool } = ground();
  if (promtool === undefined) throw new Error("Cannot run Prometheus: this group of tests starts without it");
  const stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder("matriarch-prometheus-"));
  const answer = async () => new Response(await page(), { headers: { "content-type": "text/plain" } });
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, answer);
  stack.defer(() => server.shutdown());
  const targets = [`127.0.0.1:${server.addr.port}`];
  const config = join(folder.path, "prometheus.yml");
  await Deno.writeTextFile(
    config,
    JSON.stringify({
      global: { scrape_interval: "1s" },
      scrape_configs: [{ job_name: "operator", static_configs: [{ targets }] }],
    }),
  );
  const address = `127.0.0.1:${freePort()}`;
  const running = spawnGuarded({
    program: prometheusBeside(promtool),
    args: [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder.path, "data")}`,
      `--web.listen-address=${address}`,
    ],
    log: join(folder.path, "log"),
  });
  stack.defer(() => running.stop("SIGTERM"));
  const count = async (expr: string) => {
    const answer = await fetch(`http://${address}/api/v1/query?query=${encodeURIComponent(expr)}`);
    const body: unknown = await answer.json();
    if (!answer.ok) throw new Error(`Cannot ask ${expr}: ${stringAt(body, "error")}`);
    return listAt(body, "data", "result").length;
  };
  const scraped = async () => (await count("up == 1").catch(() => 0)) > 0;
  await waitFor("Prometheus to have scraped", scraped, { timeoutMs: 120_000 });
  return { count, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}
