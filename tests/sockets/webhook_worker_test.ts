import assert from "node:assert/strict";
import { ManualClock } from "../../kube/manual_clock.ts";
import { createMetrics } from "../../telemetry/prometheus.ts";
import { KeyPairError } from "../../webhook/host.ts";
import { webhookMetrics } from "../../webhook/metrics.ts";
import { freePort } from "../ground/ports.ts";
import { waitFor, waitUntil } from "../ground/wait_for.ts";
import { factsOf, namespace, operatorName, reviewOf } from "../support/webhook.ts";
import { authority, listening, pair, servingPair, withHost } from "../support/webhook_host.ts";

const apiVersion = "multigres.com/v1alpha1";
const cell = { apiVersion, kind: "Cell", metadata: { name: "c" } };
const cellPath = "/validate-multigres-com-v1alpha1-cell";

Deno.test("the worker serves once it has a certificate, and is counted", async () => {
  const metrics = createMetrics({ version: "0", leaseName: "l", processMetrics: false });
  await withHost({ onReview: webhookMetrics(metrics.registry) }, async ({ host, ask }) => {
    assert.equal(host.health(), "the webhook waits for its certificate");
    host.setCertificate(pair);
    await listening(host);
    assert.equal((await ask(cellPath, reviewOf({ object: cell, username: operatorName }))).allowed, true);
    assert.equal((await ask(cellPath, reviewOf({ object: cell }))).code, 403);
    const page = await waitFor("both reviews to be counted", async () => {
      const text = await metrics.render();
      return text.includes('result="error"} 1') && text;
    });
    const labels = 'operation="VALIDATE",resource="Cell"';
    assert.ok(page.includes(`multigres_operator_webhook_request_total{${labels},result="success"} 1`), page);
    assert.ok(page.includes(`multigres_operator_webhook_request_duration_seconds_count{${labels}} 2`), page);
  });
});

Deno.test("who is told to end serves on for a while, lets go of each connection, and learns on", () =>
  withHost({ leaveMs: 3_000 }, async ({ host, feed, log, ask, send, end }) => {
    host.setCertificate(pair);
    await listening(host);
    const text = JSON.stringify(reviewOf({ object: cell, username: operatorName }));
    assert.equal((await send(cellPath, text)).connection, "keep-alive");
    const began = performance.now();
    const ended = end().then(() => performance.now() - began);
    await waitFor("calls to be let go", async () => (await send(cellPath, text)).connection === "close");
    assert.equal((await ask(cellPath, reviewOf({ object: cell, username: operatorName }))).allowed, true);
    assert.equal(feed.listeners, 1);
    const milliseconds = await ended;
    assert.ok(milliseconds >= 2_900 && milliseconds < 20_000, `${milliseconds} ms`);
    await assert.rejects(send(cellPath, text));
    assert.equal(log.filter((line) => line.includes("until nobody calls here any more")).length, 1);
  }));

Deno.test("who is told to end and was never called ends at once", () =>
  withHost({ leaveMs: 60_000 }, async ({ end }) => {
    const began = performance.now();
    await end();
    assert.ok(performance.now() - began < 20_000);
  }));

Deno.test("what the operator learns, reviews know", () =>
  withHost({}, async ({ host, feed, ask }) => {
    host.setCertificate(pair);
    await listening(host);
    const stored = {
      apiVersion,
      kind: "CellTemplate",
      metadata: { name: "t", namespace, uid: "u" },
      spec: {},
    };
    const user = {
      apiVersion,
      kind: "MultigresCluster",
      metadata: { name: "shop", namespace, uid: "v" },
      spec: {
        postgresPasswordSecretRef: { name: "pw", key: "password" },
        cells: [{ name: "a", zoneId: "z" }],
        templateDefaults: { cellTemplate: "t" },
      },
    };
    const remove = reviewOf({ operation: "DELETE", oldObject: stored });
    const path = "/validate-multigres-com-v1alpha1-celltemplate";
    assert.equal((await ask(path, remove)).allowed, true);
    feed.tell(factsOf([["celltemplates", stored], ["multigresclusters", user]], []));
    // Reviews come another way than news, and may overtake them.
    await waitUntil(
      "the template to be in use",
      () => ask(path, remove),
      ({ message }) => /in use by MultigresCluster shop/.test(message),
    );
    feed.tell([{ type: "gone", kind: "multigresclusters", key: `${namespace}/shop` }]);
    await waitUntil("the template to be free", () => ask(path, remove), ({ allowed }) => allowed === true);
  }));

Deno.test("a certificate that does not fit is refused, and the one before serves on; a good one takes its place", () =>
  withHost({}, async ({ host, ask, port }) => {
    host.setCertificate(pair);
    await listening(host);
    const other = await servingPair();
    const bad = [
      [{ certificate: "nonsense", key: pair.key }, /certificate is not readable/],
      [{ certificate: pair.certificate, key: "nonsense" }, /key is not readable/],
      [{ certificate: pair.certificate, key: other.key }, /key does not belong/],
    ] as const;
    for (const [wrong, says] of bad) {
      assert.throws(
        () => host.setCertificate(wrong),
        (error) => error instanceof KeyPairError && says.test(error.message),
      );
    }
    assert.equal((await ask(cellPath, reviewOf({ object: cell, username: operatorName }))).allowed, true);
    const { X509Certificate } = await import("node:crypto");
    const { connect } = await import("node:tls");
    const serving = () =>
      new Promise<string>((resolve, reject) => {
        const socket = connect({ host: "127.0.0.1", port, ca: authority.caPem }, () => {
          resolve(socket.getPeerX509Certificate()?.serialNumber ?? "");
          socket.destroy();
        });
        socket.on("error", reject);
      });
    assert.equal(await serving(), new X509Certificate(pair.certificate).serialNumber);
    host.setCertificate(other);
    const wanted = new X509Certificate(other.certificate).serialNumber;
    await waitFor("the new certificate", async () => await serving() === wanted);
    assert.equal((await ask(cellPath, reviewOf({ object: cell, username: operatorName }))).allowed, true);
  }));

Deno.test("a port that is taken is waited for", async () => {
  const port = freePort();
  const squatter = Deno.listen({ hostname: "127.0.0.1", port });
  await withHost({ port }, async ({ host, log, ask }) => {
    host.setCertificate(pair);
    await waitFor("a failure to listen", () => log.some((line) => line.includes("worker ended")));
    assert.equal(host.health(), "the webhook is not listening");
    squatter.close();
    await listening(host);
    assert.equal((await ask(cellPath, reviewOf({ object: cell, username: operatorName }))).allowed, true);
  });
});

const fixture = (name: string) => new URL(`../fixtures/webhook/${name}`, import.meta.url);

Deno.test("the worker may listen on its port, and nothing else", () =>
  withHost({ entry: fixture("probe_worker.ts") }, async ({ log }) => {
    const line = await waitFor(
      "what the worker was refused",
      () => log.find((each) => each.includes("refused: ")),
    );
    assert.ok(line.includes("refused: read, write, env, run, ffi, sys, connect, listen elsewhere"), line);
  }));

Deno.test("a worker that dies is replaced, ever later", async () => {
  const clock = new ManualClock();
  await withHost({ clock, entry: fixture("throwing_worker.ts") }, async ({ log }) => {
    await waitFor("a first death", () => log.length === 1);
    await clock.advance(10_000);
    await waitFor("more deaths", () => log.length >= 3);
    assert.ok(log.every((line) => line.includes("the worker's own bug")));
    const [first, second, third] = log.map((line) => Number(Object(JSON.parse(line))["wait_ms"]));
    assert.ok(first !== undefined && second !== undefined && third !== undefined);
    assert.ok(first >= 400 && first <= 600 && second > first && third > second, log.join("\n"));
  });
});

Deno.test("a worker that is caught in a loop is replaced", async () => {
  const clock = new ManualClock();
  await withHost({ clock, entry: fixture("looping_worker.ts") }, async ({ log }) => {
    for (let count = 0; count < 10 && log.length === 0; count++) {
      await clock.advance(5_000);
    }
    assert.match(log.join("\n"), /it gave no sign of life for 15 s/);
  });
});
