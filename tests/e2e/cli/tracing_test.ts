/** Traces of the running operator, received by a collector over OTLP. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { listAt, stringAt } from "../../ground/json.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { waitUntil } from "../../ground/wait_for.ts";
import { startCollector } from "../../support/otlp_collector.ts";
import { access, OWN_PORTS, runProgram, startProgram } from "../../support/program.ts";

Deno.test("with an OTLP endpoint requests to the API server arrive as spans of the service", async () => {
  await using collector = startCollector();
  await using file = await access(sharedCluster().connection);
  await using program = await startProgram({
    args: ["run", ...OWN_PORTS],
    ...file.options,
    env: { ...file.options.env, ...collector.env },
  });
  await program.line(/"message":"Started"/);
  const names = () => collector.spans.map(({ name }) => name);
  await waitUntil("spans to arrive", names, (seen) => seen.some((name) => /^(GET|POST)/.test(name)));
  assert.deepEqual([...collector.services], ["multigres-operator"]);
});

Deno.test("an endpoint alone exports nothing, and the log says what is missing", async () => {
  await using collector = startCollector();
  await using file = await access(sharedCluster().connection);
  const { OTEL_DENO_TRACING: _, ...env } = collector.env;
  await using program = await startProgram({
    args: ["run", ...OWN_PORTS],
    ...file.options,
    env: { ...file.options.env, ...env },
  });
  await program.line(/"message":"Exports no traces of its own".*OTEL_DENO_TRACING/);
  await program.line(/"message":"Serving probes"/);
  program.signal("SIGTERM");
  assert.equal(await program.code, 0);
  assert.deepEqual(collector.spans, []);
});

Deno.test("work that fails marks its own span with the error, and not the one around it", async () => {
  await using collector = startCollector();
  const script = fileURLToPath(new URL("./failing_span.ts", import.meta.url));
  assert.deepEqual(await runProgram({ args: [], script, env: collector.env }), { code: 0, said: "" });
  const find = (name: string) => collector.spans.find((span) => span.name === name);
  await waitUntil(
    "both spans to arrive",
    () => [find("Inner"), find("Outer")],
    (both) => !both.includes(undefined),
  );
  const [inner, outer] = [find("Inner"), find("Outer")];
  assert.equal(inner?.parentSpanId, outer?.spanId);
  assert.equal(stringAt(inner?.raw, "status", "message"), "no quorum");
  assert.equal(stringAt(listAt(inner?.raw, "events")[0], "name"), "exception");
  assert.equal(stringAt(outer?.raw, "status", "message") ?? "", "");
});
