/** The flags of `matriarch gc`: names and defaults are those of the collector that existing installations schedule. */
import { durationSeconds } from "../resolve/validation/go_duration.ts";
import type { FlagShapes } from "./go_flags.ts";
import { type LogOptions, logOptions } from "./log_flags.ts";
import { type Credentials, credentialsFor, type Environment } from "./options.ts";
import { namespace, runFlags } from "./run_flags.ts";
import { UsageError } from "./usage_error.ts";
import type { LogLevel } from "../telemetry/log.ts";

export interface GcFlags {
  readonly retention: number;
  readonly namespace?: string;
  readonly "dry-run": boolean;
  readonly kubeconfig?: string;
  readonly "zap-devel": boolean;
  readonly "zap-log-level"?: LogLevel;
  readonly "zap-encoder"?: "json" | "console";
}

/** What is to be collected. */
export interface GcOptions {
  readonly log: LogOptions;
  readonly credentials: Credentials;
  /** Claims are kept for so many seconds after they were marked. */
  readonly retentionSeconds: number;
  /** Undefined: all namespaces. */
  readonly namespace: string | undefined;
  /** Only say what would be deleted. */
  readonly dryRun: boolean;
}

export const gcFlags = {
  retention: {
    kind: "parsed",
    brief: "How long claims are kept after they were marked as orphans; 0 for no time at all",
    placeholder: "duration",
    parse: retention,
    default: "720h",
  },
  namespace: {
    kind: "parsed",
    brief: "Look at this namespace alone (default: all)",
    placeholder: "name",
    parse: namespace,
    optional: true,
  },
  "dry-run": {
    kind: "boolean",
    brief: "Only say what would be deleted",
    default: false,
    withNegated: false,
  },
  kubeconfig: runFlags.kubeconfig,
  "zap-devel": { ...runFlags["zap-devel"], default: false },
  "zap-log-level": runFlags["zap-log-level"],
  "zap-encoder": runFlags["zap-encoder"],
} as const;

export const gcFlagShapes: FlagShapes = {
  booleans: new Set(["dry-run", "zap-devel"]),
  values: new Set(["retention", "namespace", "kubeconfig", "zap-log-level", "zap-encoder"]),
  repeatable: new Set(),
};

/** @throws UsageError */
function retention(text: string): number {
  const seconds = text.trim() === "0" ? 0 : durationSeconds(text.trim());
  if (seconds === undefined) throw new UsageError("a duration is written like 720h or 1h30m");
  if (seconds < 0) throw new UsageError("claims cannot be kept for less than no time");
  return seconds;
}

export function gcOptions(flags: GcFlags, read: Environment): GcOptions {
  const env: Environment = (name) => read(name) || undefined;
  return {
    log: logOptions({
      devel: flags["zap-devel"],
      level: flags["zap-log-level"],
      encoder: flags["zap-encoder"],
      stacktraceLevel: undefined,
      timeEncoding: undefined,
    }),
    credentials: credentialsFor(flags.kubeconfig, env),
    retentionSeconds: flags.retention,
    namespace: flags.namespace,
    dryRun: flags["dry-run"],
  };
}
