/** One trace, from the review of a cluster to the requests and calls that follow from it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { at, stringAt } from "../../ground/json.ts";
import { connectionAs, ownedTest, sharedCluster } from "../../ground/ground.ts";
import { repository } from "../../ground/operator.ts";
import { waitFor, waitUntil } from "../../ground/wait_for.ts";
import { type Collector, type Span, startCollector } from "../../support/otlp_collector.ts";
import { access, OWN_PORTS, startProgram } from "../../support/program.ts";
import { operatorName } from "../../support/webhook.ts";
import { type PkiStage, withPki } from "../../support/webhook_pki.ts";

/** The code of the threads, which Deno wants to be readable. */
const code = ["api", "certs", "kube", "postgres", "resolve", "telemetry", "webhook"].map((room) =>
  join(repository, room)
);

function cluster({ namespace }: PkiStage): Record<string, unknown> {
  const etcd = sharedCluster().etcd ?? "";
  return {
    apiVersion: "multigres.com/v1alpha1",
    kind: "MultigresCluster",
    metadata: { name: "shop", namespace },
    spec: {
      postgresPasswordSecretRef: { name: "pw", key: "password" },
      globalTopoServer: { external: { endpoints: [etcd], rootPath: `/${namespace}` } },
      cells: [{ name: "zone-a", zoneId: "use1-aza" }],
    },
  };
}

/** Waits for a span of the trace that `accept` likes. */
function spanOf(
  collector: Collector,
  traceId: string,
  what: string,
  accept: (span: Span) => boolean,
): Promise<Span> {
  const find = () => collector.spans.find((span) => span.traceId === traceId && accept(span));
  return waitFor(`a span of ${what}`, find, { timeoutMs: 120_000 });
}

const names = (line: readonly Span[]) => line.map(({ name }) => name);

ownedTest(
  "a review, the passes it leads to, and their requests and calls are one trace",
  (t) =>
    withPki(t, async (stage) => {
      await using collector = startCollector();
      await stage.install();
      // The guards of the parts let the operator's account alone.
      const operator = await connectionAs({ user: operatorName, groups: ["system:masters"] });
      await using file = await access(operator, stage.namespace);
      await using program = await startProgram({
        args: [
          "run",
          ...OWN_PORTS,
          "--webhook-enable",
          `--webhook-port=${stage.port}`,
          `--watch-namespace=${stage.namespace}`,
          "--zap-log-level=debug",
        ],
        env: { ...file.options.env, ...collector.env },
        permissions: [`--allow-read=${[file.path, ...code].join(",")}`],
      });
      const [, address] = await program.line(/"message":"Serving probes","address":"([^"]+)"/);
      const readyz = async () => await (await fetch(`http://${address}/readyz`)).text();
      await waitUntil("the program to be ready", readyz, (text) => text === "ok\n", { timeoutMs: 90_000 });
      await stage.ground.apply(cluster(stage));

      const review = await waitFor(
        "the review",
        () => collector.spans.find(({ name }) => name === "Webhook.Default"),
        { timeoutMs: 120_000 },
      );
      assert.equal(review.attributes["k8s.resource.name"], "shop");
      const stored = await stage.ground.get(
        `/apis/multigres.com/v1alpha1/namespaces/${stage.namespace}/multigresclusters/shop`,
      );
      const { traceId, spanId } = review;
      assert.equal(
        stringAt(at(stored, "metadata", "annotations"), "multigres.com/traceparent"),
        `00-${traceId}-${spanId}-01`,
      );

      const pass = await spanOf(
        collector,
        traceId,
        "the pass",
        ({ name }) => name === "MultigresCluster.Reconcile",
      );
      assert.equal(pass.parentSpanId, spanId, "the pass follows from the review");
      const write = await spanOf(
        collector,
        traceId,
        "a request that makes a cell",
        ({ attributes }) => /\/cells\/.*fieldManager/.test(attributes["url.full"] ?? ""),
      );
      assert.deepEqual(names(collector.lineOf(write)).slice(0, 3), [
        write.name,
        "MultigresCluster.Reconcile",
        "Webhook.Default",
      ]);
      const call = await spanOf(
        collector,
        traceId,
        "a call of etcd",
        ({ name }) => name.startsWith("etcdserverpb.KV/"),
      );
      assert.ok(
        names(collector.lineOf(call)).includes("Webhook.Default"),
        names(collector.lineOf(call)).join(" < "),
      );
      const part = await spanOf(
        collector,
        traceId,
        "the cell's pass",
        ({ name }) => name === "Cell.Reconcile",
      );
      assert.equal(part.parentSpanId, spanId, "so do the passes over the parts");
      await program.line(
        new RegExp(`"message":"Reconciled".*"controller":"multigrescluster".*"trace_id":"${traceId}"`),
      );
      assert.equal(await program.line(new RegExp(`"span_id":"${pass.spanId}"`)).then(() => true), true);
    }),
);
