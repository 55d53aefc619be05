/** Where the components send their telemetry, as the variables that OpenTelemetry reads. */
import type { ObservabilityConfig } from "../../api/multigres/observability.ts";
import type { EnvVar, Volume, VolumeMount } from "./pod_parts.ts";

/** The operator's own variables that begin with `OTEL_`: what holds where a cluster does not say. */
export type OperatorTelemetry = Readonly<Record<string, string>>;

/** Whose telemetry it is. */
export interface TelemetryIdentity {
  readonly project: string;
  readonly cluster: string;
  readonly component: string;
}

export interface TelemetrySettings {
  readonly observability: ObservabilityConfig | undefined;
  readonly operator: OperatorTelemetry;
  /** Without it the component gets no resource attributes. */
  readonly identity?: TelemetryIdentity;
}

export interface TelemetryParts {
  readonly env: EnvVar[];
  readonly volumes: Volume[];
  readonly mounts: VolumeMount[];
}

/** As an endpoint it turns all telemetry off. */
const DISABLED = "disabled";

const ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT";
const METRICS_ENDPOINT = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT";
const RESOURCE_ATTRIBUTES = "OTEL_RESOURCE_ATTRIBUTES";

const SAMPLING_VOLUME = "otel-sampling-config";
const SAMPLING_FOLDER = "/etc/otel";

type TextField = Exclude<keyof ObservabilityConfig, "samplingConfigRef">;

/** Each variable with the field that goes before the operator's own value, in the order of the container's list. */
const variables: readonly (readonly [string, TextField])[] = [
  [ENDPOINT, "otlpEndpoint"],
  [METRICS_ENDPOINT, "otlpMetricsEndpoint"],
  ["OTEL_EXPORTER_OTLP_PROTOCOL", "otlpProtocol"],
  ["OTEL_TRACES_EXPORTER", "tracesExporter"],
  ["OTEL_METRICS_EXPORTER", "metricsExporter"],
  ["OTEL_LOGS_EXPORTER", "logsExporter"],
  ["OTEL_METRIC_EXPORT_INTERVAL", "metricExportInterval"],
  ["OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "metricsTemporality"],
  ["OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION", "histogramAggregation"],
  ["OTEL_TRACES_SAMPLER", "tracesSampler"],
];

/** Names of the variables that {@link OperatorTelemetry} may hold. */
export const telemetryVariables: readonly string[] = [
  ...variables.map(([name]) => name),
  RESOURCE_ATTRIBUTES,
];

/**
 * The variables, and the file of sampling rules where there is one.
 *
 * | endpoint   | endpoint for metrics | telemetry |
 * | ---------- | -------------------- | --------- |
 * | `disabled` | any                  | off       |
 * | none       | none                 | off       |
 * | otherwise  |                      | on        |
 *
 * When it is off nothing is mounted either: a missing ConfigMap would keep the pod from starting.
 */
export function telemetryEnvironment(settings: TelemetrySettings): TelemetryParts {
  const env = variables.flatMap(([name, field]) => variable(name, valueOf(settings, name, field)));
  const endpoint = env.find(({ name }) => name === ENDPOINT)?.value;
  const isOn = env.some(({ name }) => name === ENDPOINT || name === METRICS_ENDPOINT);
  if (!isOn || endpoint === DISABLED) return { env: [], volumes: [], mounts: [] };
  env.push(...resourceAttributes(settings));
  const sampling = settings.observability?.samplingConfigRef;
  if (sampling === undefined) return { env, volumes: [], mounts: [] };
  return {
    env: [...env, { name: "OTEL_TRACES_SAMPLER_CONFIG", value: `${SAMPLING_FOLDER}/${sampling.key}` }],
    volumes: [{ name: SAMPLING_VOLUME, configMap: { name: sampling.name } }],
    mounts: [{ name: SAMPLING_VOLUME, mountPath: SAMPLING_FOLDER, readOnly: true }],
  };
}

/** An empty text counts as none, in the cluster and in the operator's environment alike. */
function valueOf({ observability, operator }: TelemetrySettings, name: string, field: TextField): string {
  return observability?.[field] || operator[name] || "";
}

function variable(name: string, value: string): EnvVar[] {
  return value === "" ? [] : [{ name, value }];
}

/** What the operator says of all that it runs, then whose the component is. */
function resourceAttributes({ operator, identity }: TelemetrySettings): EnvVar[] {
  if (identity === undefined) return [];
  const own = new Map([
    ["multigres.project", identity.project],
    ["multigres.cluster", identity.cluster],
    ["multigres.component", identity.component],
  ]);
  const inherited = splitAttributes(operator[RESOURCE_ATTRIBUTES] ?? "")
    .filter((attribute) => !own.has(keyOfAttribute(attribute)));
  const added = [...own].map(([key, value]) => `${key}=${encodeValue(value)}`);
  return variable(RESOURCE_ATTRIBUTES, [...inherited, ...added].join(","));
}

/** Splits at commas, but not at those behind a backslash; the parts keep their backslashes. */
function splitAttributes(list: string): string[] {
  const parts = list.match(/(?:\\.|[^\\,]|\\$)+/gs) ?? [];
  return parts.map((part) => part.trim()).filter((part) => part !== "");
}

function keyOfAttribute(attribute: string): string {
  return attribute.split("=", 1)[0]?.trim() ?? "";
}

/** Percent-encodes what a value may not hold (W3C Baggage, `baggage-octet`); a comma would end it. */
function encodeValue(value: string): string {
  return value.replaceAll(/[^!#-$&-+\--:<-[\]-~]/gu, encodeURIComponent);
}
