/** The flags of `matriarch run`: names, defaults and texts. The names are those that existing installations pass. */
import type { LogLevel } from "../telemetry/log.ts";
import { type Address, parseAddress } from "./address.ts";
import type { FlagShapes } from "./go_flags.ts";
import { parseLevel, TIME_ENCODINGS, type TimeEncoding } from "./log_flags.ts";
import { UsageError } from "./usage_error.ts";

/** Values of the flags, read but not yet completed from the environment. */
export interface RunFlags {
  readonly "metrics-bind-address": Listen;
  readonly "metrics-secure": boolean;
  readonly "health-probe-bind-address": Listen;
  readonly "leader-elect": boolean;
  readonly "enable-http2": boolean;
  readonly "webhook-enable"?: boolean;
  readonly "webhook-port": number;
  readonly "webhook-cert-dir": string;
  readonly "webhook-service-namespace"?: string;
  readonly "webhook-service-account"?: string;
  readonly "webhook-service-name": string;
  readonly "image-update-strategy": "immediate" | "lazy";
  readonly "evidence-seconds": number;
  readonly "zap-devel": boolean;
  readonly "zap-log-level"?: LogLevel;
  readonly "zap-encoder"?: "json" | "console";
  readonly "zap-stacktrace-level"?: LogLevel;
  readonly "zap-time-encoding"?: TimeEncoding;
  readonly kubeconfig?: string;
  readonly "watch-namespace": readonly string[];
  readonly "lease-namespace"?: string;
}

/** Where to listen, or nowhere. */
export interface Listen {
  readonly address: Address | undefined;
}

/** Where installations mount the Secret of the webhook's certificate; `deno.json` lets the operator read it. */
export const USUAL_CERT_DIR = "/var/run/secrets/webhook";

const boolean = (brief: string, value: boolean) =>
  ({ kind: "boolean", brief, default: value, withNegated: false }) as const;

const parsed = <T>(brief: string, placeholder: string, parse: (text: string) => T) =>
  ({ kind: "parsed", brief, placeholder, parse }) as const;

const text = (value: string): string => value;

/** The flags in the form that the command-line library takes, in the order of the help text. */
export const runFlags = {
  "metrics-bind-address": {
    ...parsed("Where to serve /metrics; 0 serves none", "address", listen),
    default: ":8443",
  },
  "metrics-secure": boolean("Serve /metrics over TLS, and to callers whom the API server allows", true),
  "health-probe-bind-address": {
    ...parsed("Where to serve /healthz and /readyz; 0 serves none", "address", listen),
    default: ":8081",
  },
  "leader-elect": boolean("Work only while holding the Lease: needed with more than one replica", false),
  "enable-http2": boolean("Offer HTTP/2 on the metrics server as well", false),
  "webhook-enable": {
    kind: "boolean",
    brief: "Serve admission webhooks (default: true in a pod, else false)",
    optional: true,
    withNegated: false,
  },
  "webhook-port": { ...parsed("Port of the admission webhooks", "port", port), default: "9443" },
  "webhook-cert-dir": {
    ...parsed("Folder with tls.crt and tls.key of the webhooks", "folder", text),
    default: USUAL_CERT_DIR,
  },
  "webhook-service-namespace": {
    ...parsed("Namespace of the webhook Service (default: POD_NAMESPACE)", "namespace", namespace),
    optional: true,
  },
  "webhook-service-account": {
    ...parsed("ServiceAccount the guards let through (default: POD_SERVICE_ACCOUNT)", "name", text),
    optional: true,
  },
  "webhook-service-name": {
    ...parsed("Name of the webhook Service", "name", text),
    default: "multigres-operator-webhook-service",
  },
  "image-update-strategy": {
    kind: "enum",
    brief: "Whether a new default image reaches clusters at once or with their next change",
    values: ["immediate", "lazy"],
    default: "immediate",
  },
  "evidence-seconds": {
    ...parsed(
      "Ask the instances of each shard how they are every so many seconds, 1 to 300",
      "seconds",
      evidence,
    ),
    default: "4",
  },
  "zap-devel": boolean("Log for people: console, debug, stacks from warnings on", true),
  "zap-log-level": { ...parsed("Least level to log", "level", parseLevel), optional: true },
  "zap-encoder": { kind: "enum", brief: "Form of the log", values: ["json", "console"], optional: true },
  "zap-stacktrace-level": { ...parsed("Least level with stacks", "level", parseLevel), optional: true },
  "zap-time-encoding": { kind: "enum", brief: "Form of the time", values: TIME_ENCODINGS, optional: true },
  kubeconfig: { ...parsed("Kubeconfig file (default: KUBECONFIG)", "file", text), optional: true },
  "watch-namespace": {
    ...parsed(
      "Watch this namespace alone; may be repeated (default: WATCH_NAMESPACE, else all)",
      "names",
      namespace,
    ),
    variadic: ",",
    default: [],
  },
  "lease-namespace": {
    ...parsed("Namespace of the Lease (default: POD_NAMESPACE)", "namespace", namespace),
    optional: true,
  },
} as const;

/** How each flag is written, for {@link file://./go_flags.ts | normaliseGoFlags}. */
export const runFlagShapes: FlagShapes = {
  booleans: new Set(names((flag) => flag.kind === "boolean")),
  values: new Set(names((flag) => flag.kind !== "boolean")),
  repeatable: new Set(names((flag) => "variadic" in flag)),
};

function names(wanted: (flag: typeof runFlags[keyof typeof runFlags]) => boolean): string[] {
  return Object.entries(runFlags).filter(([, flag]) => wanted(flag)).map(([name]) => name);
}

function listen(value: string): Listen {
  return { address: parseAddress(value) };
}

function port(value: string): number {
  const number = Number(value);
  if (/^\d+$/.test(value) && number >= 1 && number <= 65_535) return number;
  throw new UsageError("a port is a number from 1 to 65535");
}

function evidence(value: string): number {
  const number = Number(value);
  if (/^\d+$/.test(value) && number >= 1 && number <= 300) return number;
  throw new UsageError("instances are asked every 1 to 300 seconds");
}

/** Names of namespaces are DNS labels (RFC 1123). @throws UsageError */
export function namespace(value: string): string {
  const trimmed = value.trim();
  if (/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(trimmed)) return trimmed;
  throw new UsageError("the name of a namespace has at most 63 lower-case letters, digits and hyphens");
}
