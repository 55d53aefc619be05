/** What `matriarch run` is to do: the flags, completed from the environment. */
import type { ComponentImages } from "../api/multigres/component_images.ts";
import {
  type OperatorTelemetry,
  telemetryVariables,
} from "../controllers/components/telemetry_environment.ts";
import { present } from "../resolve/present.ts";
import type { Address } from "./address.ts";
import { type LogOptions, logOptions } from "./log_flags.ts";
import { namespace, type RunFlags } from "./run_flags.ts";
import { UsageError } from "./usage_error.ts";

/** The images whose built-in default the environment may replace, each by `MULTIGRES_IMAGE_<NAME>`. */
export const IMAGE_NAMES = [
  "POSTGRES",
  "MULTIADMIN",
  "MULTIADMIN_WEB",
  "MULTIORCH",
  "MULTIPOOLER",
  "MULTIGATEWAY",
] as const;
export type ImageName = typeof IMAGE_NAMES[number];

/** The same images by the names that the clusters give them. */
export function replacements(images: RunOptions["images"]): ComponentImages {
  return present({
    postgres: images.POSTGRES,
    multiadmin: images.MULTIADMIN,
    multiadminWeb: images.MULTIADMIN_WEB,
    multiorch: images.MULTIORCH,
    multipooler: images.MULTIPOOLER,
    multigateway: images.MULTIGATEWAY,
  });
}

/** Every variable that `matriarch run` reads. `deno.json` allows these and no other. */
export const RUN_VARIABLES: readonly string[] = [
  "HOME",
  "KUBECONFIG",
  "KUBERNETES_SERVICE_HOST",
  "KUBERNETES_SERVICE_PORT",
  "POD_NAME",
  "POD_NAMESPACE",
  "POD_SERVICE_ACCOUNT",
  "WATCH_NAMESPACE",
  ...IMAGE_NAMES.map((name) => `MULTIGRES_IMAGE_${name}`),
  ...telemetryVariables,
];

/** Reads one variable; an empty one counts as absent, as in a manifest that leaves a value out. */
export type Environment = (name: string) => string | undefined;

export interface RunOptions {
  readonly log: LogOptions;
  readonly credentials: Credentials;
  /** Undefined: no metrics are served. */
  readonly metrics:
    | { readonly address: Address; readonly secure: boolean; readonly http2: boolean }
    | undefined;
  readonly health: Address | undefined;
  readonly leaderElect: boolean;
  /** Undefined: the namespace of the pod, or of the kubeconfig's context. */
  readonly leaseNamespace: string | undefined;
  /** Undefined: all namespaces. */
  readonly namespaces: readonly string[] | undefined;
  readonly imageUpdateStrategy: "immediate" | "lazy";
  /** How often the instances of a shard are asked. */
  readonly evidenceSeconds: number;
  readonly images: Readonly<Partial<Record<ImageName, string>>>;
  /** The operator's own OTEL variables: components of clusters that do not say otherwise get the same. */
  readonly telemetry: OperatorTelemetry;
  /** Namespace of the pod; undefined outside a cluster. */
  readonly podNamespace: string | undefined;
  /** Name of the pod, part of the name under which the Lease is held. */
  readonly podName: string | undefined;
  readonly webhook: WebhookOptions;
}

/** Where the credentials for the API server come from. */
export type Credentials =
  | { readonly kind: "in-cluster"; readonly host: string; readonly port: string | undefined }
  | { readonly kind: "kubeconfig"; readonly paths: readonly string[] };

export interface WebhookOptions {
  readonly enabled: boolean;
  readonly port: number;
  readonly certDir: string;
  readonly serviceName: string;
  readonly serviceNamespace: string | undefined;
  readonly serviceAccount: string | undefined;
}

/** Something that a pod must be told is missing: an installation mistake rather than a wrong flag. */
export class EnvironmentError extends Error {
  override readonly name = "EnvironmentError";
}

/**
 * Completes the flags.
 * @throws EnvironmentError in a pod that is not told its namespace and service account.
 * @throws UsageError for a variable with a value that cannot be.
 */
export function resolveOptions(flags: RunFlags, read: Environment): RunOptions {
  const env: Environment = (name) => read(name) || undefined;
  const credentials = credentialsFor(flags.kubeconfig, env);
  if (credentials.kind === "in-cluster") requirePodVariables(env);
  const namespaces = namespacesOf(flags, env);
  return {
    log: logOptions({
      devel: flags["zap-devel"],
      level: flags["zap-log-level"],
      encoder: flags["zap-encoder"],
      stacktraceLevel: flags["zap-stacktrace-level"],
      timeEncoding: flags["zap-time-encoding"],
    }),
    credentials,
    metrics: metricsOf(flags),
    health: flags["health-probe-bind-address"].address,
    leaderElect: flags["leader-elect"],
    leaseNamespace: flags["lease-namespace"] ?? env("POD_NAMESPACE"),
    namespaces: namespaces.length === 0 ? undefined : namespaces,
    imageUpdateStrategy: flags["image-update-strategy"],
    evidenceSeconds: flags["evidence-seconds"],
    images: imagesOf(env),
    telemetry: telemetryOf(env),
    podNamespace: env("POD_NAMESPACE"),
    podName: env("POD_NAME"),
    webhook: {
      // Outside a cluster no Service leads here: what is asked for in so many words is done all the same.
      enabled: flags["webhook-enable"] ?? credentials.kind === "in-cluster",
      port: flags["webhook-port"],
      certDir: flags["webhook-cert-dir"],
      serviceName: flags["webhook-service-name"],
      serviceNamespace: flags["webhook-service-namespace"] ?? env("POD_NAMESPACE"),
      serviceAccount: flags["webhook-service-account"] ?? env("POD_SERVICE_ACCOUNT"),
    },
  };
}

/**
 * What was named comes first: `--kubeconfig`, then `KUBECONFIG`. A pod without either uses its service account; everyone
 * else the kubeconfig in the home folder.
 */
export function credentialsFor(kubeconfig: string | undefined, env: Environment): Credentials {
  if (kubeconfig !== undefined) return { kind: "kubeconfig", paths: [kubeconfig] };
  const listed = (env("KUBECONFIG") ?? "").split(":").filter((path) => path !== "");
  if (listed.length > 0) return { kind: "kubeconfig", paths: listed };
  const host = env("KUBERNETES_SERVICE_HOST");
  if (host !== undefined) return { kind: "in-cluster", host, port: env("KUBERNETES_SERVICE_PORT") };
  const home = env("HOME");
  return { kind: "kubeconfig", paths: home === undefined ? [] : [`${home}/.kube/config`] };
}

function requirePodVariables(env: Environment): void {
  const missing = ["POD_NAMESPACE", "POD_SERVICE_ACCOUNT"].filter((name) => env(name) === undefined);
  if (missing.length === 0) return;
  throw new EnvironmentError(
    `Cannot run in a pod as ${missing.join(" and ")} is not set; ` +
      "take it from metadata.namespace and spec.serviceAccountName through the downward API",
  );
}

function namespacesOf(flags: RunFlags, env: Environment): string[] {
  if (flags["watch-namespace"].length > 0) return [...new Set(flags["watch-namespace"])];
  const listed = (env("WATCH_NAMESPACE") ?? "").split(",").map((name) => name.trim()).filter((name) =>
    name !== ""
  );
  return [...new Set(listed.map((name) => checkedNamespace(name)))];
}

function checkedNamespace(name: string): string {
  try {
    return namespace(name);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`Cannot use WATCH_NAMESPACE as ${why}: current value is ${JSON.stringify(name)}`);
  }
}

function metricsOf(flags: RunFlags): RunOptions["metrics"] {
  const { address } = flags["metrics-bind-address"];
  if (address === undefined) return undefined;
  return { address, secure: flags["metrics-secure"], http2: flags["enable-http2"] };
}

function imagesOf(env: Environment): Partial<Record<ImageName, string>> {
  const images: Partial<Record<ImageName, string>> = {};
  for (const name of IMAGE_NAMES) {
    const image = env(`MULTIGRES_IMAGE_${name}`);
    if (image !== undefined) images[name] = image;
  }
  return images;
}

function telemetryOf(env: Environment): OperatorTelemetry {
  return Object.fromEntries(telemetryVariables.flatMap((name) => {
    const value = env(name);
    return value === undefined ? [] : [[name, value]];
  }));
}
