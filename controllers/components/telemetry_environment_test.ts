import assert from "node:assert/strict";
import { telemetryEnvironment } from "./telemetry_environment.ts";

const identity = { project: "rich", cluster: "rich", component: "multigateway" };
const attributes = "multigres.project=rich,multigres.cluster=rich,multigres.component=multigateway";

function lines(parts: ReturnType<typeof telemetryEnvironment>): string[] {
  return parts.env.map(({ name, value }) => `${name}=${value}`);
}

Deno.test("the variables of a gateway are those that were recorded", () => {
  const observability = { otlpEndpoint: "http://otel-collector:4318", tracesExporter: "otlp" } as const;
  const parts = telemetryEnvironment({ observability, operator: {}, identity });
  assert.deepEqual(parts, {
    env: [
      { name: "OTEL_EXPORTER_OTLP_ENDPOINT", value: "http://otel-collector:4318" },
      { name: "OTEL_TRACES_EXPORTER", value: "otlp" },
      { name: "OTEL_RESOURCE_ATTRIBUTES", value: attributes },
    ],
    volumes: [],
    mounts: [],
  });
  const anonymous = telemetryEnvironment({ observability, operator: {} });
  assert.deepEqual(lines(anonymous), [
    "OTEL_EXPORTER_OTLP_ENDPOINT=http://otel-collector:4318",
    "OTEL_TRACES_EXPORTER=otlp",
  ]);
});

Deno.test("all variables come in one order, and the file of sampling rules is mounted", () => {
  const parts = telemetryEnvironment({
    observability: {
      samplingConfigRef: { name: "rules", key: "rules.yaml" },
      tracesSampler: "always_on",
      histogramAggregation: "explicit_bucket_histogram",
      metricsTemporality: "delta",
      metricExportInterval: "1000",
      logsExporter: "none",
      metricsExporter: "console",
      tracesExporter: "otlp",
      otlpProtocol: "grpc",
      otlpMetricsEndpoint: "http://metrics",
      otlpEndpoint: "http://all",
    },
    operator: { OTEL_LOGS_EXPORTER: "otlp" },
    identity,
  });
  assert.deepEqual(lines(parts), [
    "OTEL_EXPORTER_OTLP_ENDPOINT=http://all",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=http://metrics",
    "OTEL_EXPORTER_OTLP_PROTOCOL=grpc",
    "OTEL_TRACES_EXPORTER=otlp",
    "OTEL_METRICS_EXPORTER=console",
    "OTEL_LOGS_EXPORTER=none",
    "OTEL_METRIC_EXPORT_INTERVAL=1000",
    "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=delta",
    "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION=explicit_bucket_histogram",
    "OTEL_TRACES_SAMPLER=always_on",
    `OTEL_RESOURCE_ATTRIBUTES=${attributes}`,
    "OTEL_TRACES_SAMPLER_CONFIG=/etc/otel/rules.yaml",
  ]);
  assert.deepEqual(parts.volumes, [{ name: "otel-sampling-config", configMap: { name: "rules" } }]);
  assert.deepEqual(parts.mounts, [{ name: "otel-sampling-config", mountPath: "/etc/otel", readOnly: true }]);
});

Deno.test("telemetry is off without an endpoint, and where the cluster disables it, whatever the operator's own", () => {
  const nothing = { env: [], volumes: [], mounts: [] };
  const samplingConfigRef = { name: "rules", key: "rules.yaml" };
  const collector = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://own" };
  const off = [
    telemetryEnvironment({ observability: undefined, operator: {}, identity }),
    telemetryEnvironment({ observability: { tracesExporter: "otlp", samplingConfigRef }, operator: {} }),
    telemetryEnvironment({
      observability: { otlpEndpoint: "disabled", otlpMetricsEndpoint: "http://m", samplingConfigRef },
      operator: collector,
      identity,
    }),
    telemetryEnvironment({
      observability: { otlpEndpoint: "" },
      operator: { OTEL_EXPORTER_OTLP_ENDPOINT: "" },
    }),
    telemetryEnvironment({
      observability: undefined,
      operator: { OTEL_EXPORTER_OTLP_ENDPOINT: "disabled" },
      identity,
    }),
  ];
  for (const parts of off) assert.deepEqual(parts, nothing);
  const metricsOnly = telemetryEnvironment({
    observability: { otlpMetricsEndpoint: "http://m" },
    operator: {},
  });
  assert.deepEqual(lines(metricsOnly), ["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=http://m"]);
});

Deno.test("what the cluster does not say is taken from the operator's own variables", () => {
  const parts = telemetryEnvironment({
    observability: { tracesExporter: "none" },
    operator: {
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://own",
      OTEL_TRACES_EXPORTER: "otlp",
      OTEL_TRACES_SAMPLER: "always_off",
    },
  });
  assert.deepEqual(lines(parts), [
    "OTEL_EXPORTER_OTLP_ENDPOINT=http://own",
    "OTEL_TRACES_EXPORTER=none",
    "OTEL_TRACES_SAMPLER=always_off",
  ]);
});

Deno.test("the operator's attributes go before the identity, but for those that the identity tells; escaped commas split nothing", () => {
  const value = (own: string, project = "p") => {
    const operator = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://own", OTEL_RESOURCE_ATTRIBUTES: own };
    const parts = telemetryEnvironment({
      observability: undefined,
      operator,
      identity: { project, cluster: "c", component: "multiorch" },
    });
    return parts.env.find(({ name }) => name === "OTEL_RESOURCE_ATTRIBUTES")?.value;
  };
  const ours = "multigres.project=p,multigres.cluster=c,multigres.component=multiorch";
  assert.equal(value(""), ours);
  assert.equal(
    value(`env=prod,place=Paris\\, Texas,path=C:\\`),
    `env=prod,place=Paris\\, Texas,path=C:\\,${ours}`,
  );
  assert.equal(value(" multigres.cluster = x,,multigres.project=y, env=prod "), `env=prod,${ours}`);
  assert.equal(value(`note=a\\,multigres.cluster=x`), `note=a\\,multigres.cluster=x,${ours}`);
  assert.equal(
    value("", "a,b 50% ü=1"),
    "multigres.project=a%2Cb%2050%25%20%C3%BC=1,multigres.cluster=c,multigres.component=multiorch",
  );
});
