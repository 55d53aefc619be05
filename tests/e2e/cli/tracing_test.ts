/** Traces of the running operator, received by a collector over OTLP. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { listAt, stringAt } from "../../ground/json.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { waitUntil } from "../../ground/wait_for.ts";
import { access, OWN_PORTS, runProgram, startProgram } from "../../support/program.ts";

interface Collector extends AsyncDisposable {
  readonly services: Set<string>;
  readonly spans: unknown[];
  /** What tells a program to send its traces here. */
  readonly env: Readonly<Record<string, string>>;
}

function startCollector(): Collector {
  const services = new Set<string>();
  const spans: unknown[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    for (const resource of listAt(await request.json(), "resourceSpans")) {
      const attributes = listAt(resource, "resource", "attributes");
      const service = attributes.find((attribute) => stringAt(attribute, "key") === "service.name");
      services.add(stringAt(service, "value", "stringValue") ?? "");
      for (const scope of listAt(resource, "scopeSpans")) spans.push(...listAt(scope, "spans"));
    }
    return Response.json({});
  });
  return {
    services,
    spans,
    env: {
      OTEL_DENO: "true",
      OTEL_SERVICE_NAME: "multigres-operator",
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${server.addr.port}`,
      OTEL_BSP_SCHEDULE_DELAY: "100",
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

Deno.test("with an OTLP endpoint requests to the API server arrive as spans of the service", async () => {
  await using collector = startCollector();
  await using file = await access(sharedCluster().connection);
  await using program = await startProgram({
    args: ["run", ...OWN_PORTS],
    ...file.options,
    env: { ...file.options.env, ...collector.env },
  });
  await program.line(/"message":"Started"/);
  const names = () => collector.spans.map((span) => stringAt(span, "name") ?? "");
  await waitUntil("spans to arrive", names, (seen) => seen.some((name) => /^(GET|POST)/.test(name)));
  assert.deepEqual([...collector.services], ["multigres-operator"]);
});

Deno.test("work that fails marks its own span with the error, and not the one around it", async () => {
  await using collector = startCollector();
  const script = fileURLToPath(new URL("./failing_span.ts", import.meta.url));
  assert.deepEqual(await runProgram({ args: [], script, env: collector.env }), { code: 0, said: "" });
  const find = (name: string) => collector.spans.find((span) => stringAt(span, "name") === name);
  await waitUntil(
    "both spans to arrive",
    () => [find("Inner"), find("Outer")],
    (both) => !both.includes(undefined),
  );
  const [inner, outer] = [find("Inner"), find("Outer")];
  assert.equal(stringAt(inner, "parentSpanId"), stringAt(outer, "spanId"));
  assert.equal(stringAt(inner, "status", "message"), "no quorum");
  assert.equal(stringAt(listAt(inner, "events")[0], "name"), "exception");
  assert.equal(stringAt(outer, "status", "message") ?? "", "");
});
