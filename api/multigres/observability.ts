/** Telemetry of the data plane, and how much it logs. */
import { defaulted, optional, type Output, required, struct } from "../schema/fields.ts";
import { oneOf, text } from "../schema/values.ts";

const exporter = oneOf("otlp", "none", "console");

const samplingConfigRef = struct({
  key: defaulted(text(), "sampling-config.yaml", "Key of the ConfigMap that holds the file."),
  name: required(text(), "Name of the ConfigMap, which lies in the same namespace."),
});

export const observabilityConfig = struct({
  histogramAggregation: optional(
    oneOf("base2_exponential_bucket_histogram", "explicit_bucket_histogram"),
    "How histograms are aggregated (OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION).",
  ),
  logsExporter: optional(exporter, "Where log records go (OTEL_LOGS_EXPORTER)."),
  metricExportInterval: optional(
    text(),
    "Milliseconds between two exports of metrics (OTEL_METRIC_EXPORT_INTERVAL).",
  ),
  metricsExporter: optional(exporter, "Where metrics go (OTEL_METRICS_EXPORTER)."),
  metricsTemporality: optional(
    oneOf("cumulative", "delta"),
    "Whether metrics count since the start or since the last export " +
      "(OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE).",
  ),
  otlpEndpoint: optional(
    text(),
    "URL of the collector (OTEL_EXPORTER_OTLP_ENDPOINT). The word disabled turns all telemetry off.",
  ),
  otlpMetricsEndpoint: optional(
    text(),
    "URL of another collector for metrics alone (OTEL_EXPORTER_OTLP_METRICS_ENDPOINT).",
  ),
  otlpProtocol: optional(
    oneOf("http/protobuf", "grpc"),
    "Protocol that the collector speaks (OTEL_EXPORTER_OTLP_PROTOCOL).",
  ),
  samplingConfigRef: optional(
    samplingConfigRef,
    "ConfigMap with a file of sampling rules, mounted at /etc/otel.",
  ),
  tracesExporter: optional(exporter, "Where traces go (OTEL_TRACES_EXPORTER)."),
  tracesSampler: optional(text(), "Which traces are kept (OTEL_TRACES_SAMPLER)."),
});

export type ObservabilityConfig = Output<typeof observabilityConfig>;

const logLevel = oneOf("debug", "info", "warn", "error");

export type LogLevel = Output<typeof logLevel>;

export const componentLogLevels = struct({
  multiadmin: optional(logLevel, "Level of the admin component: info unless told."),
  multigateway: optional(logLevel, "Level of the gateways: info unless told."),
  multiorch: optional(logLevel, "Level of the orchestrators: info unless told."),
  multipooler: optional(logLevel, "Level of the poolers: info unless told."),
  pgctld: optional(logLevel, "Level of the PostgreSQL supervisors: info unless told."),
});

export type ComponentLogLevels = Output<typeof componentLogLevels>;
