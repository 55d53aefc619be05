/** Flags that several commands share; names and letters are those of kubectl. */
import { durationSeconds } from "../resolve/validation/go_duration.ts";
import { UsageError } from "../cli/usage_error.ts";

/** Which API server, as whom, and where. */
export interface ConnectionFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
}

export interface WaitFlags {
  /** Seconds. */
  readonly timeout: number;
  readonly wait: boolean;
}

const text = (value: string): string => value;

const named = (brief: string, placeholder: string) =>
  ({ kind: "parsed", brief, placeholder, parse: text, optional: true }) as const;

export const connectionFlags = {
  kubeconfig: named("kubeconfig file (default: KUBECONFIG, else ~/.kube/config)", "path"),
  context: named("Context of the kubeconfig (default: the current one)", "name"),
  namespace: named("Namespace (default: the context's)", "name"),
} as const;

export const connectionAliases = { n: "namespace" } as const;

/** @param standard how long is waited unless told, as Go writes it: `10m` */
export function waitFlags(standard: string) {
  return {
    timeout: {
      kind: "parsed",
      brief: "How long to wait at most, such as 90s, 10m, 1h",
      placeholder: "duration",
      parse: seconds,
      default: standard,
    },
    wait: {
      kind: "boolean",
      brief: "Wait for the end; --wait=false does not",
      default: true,
      withNegated: false,
    },
  } as const;
}

/** @throws UsageError */
export function seconds(value: string): number {
  const parsed = durationSeconds(value.trim());
  if (parsed === undefined || parsed <= 0) {
    throw new UsageError("a duration is written like 90s, 10m or 1h30m, and is more than nothing");
  }
  return parsed;
}

/** @throws UsageError */
export function count(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new UsageError("it is a whole number, 0 or more");
  return Number(value);
}

export function flag(brief: string) {
  return { kind: "boolean", brief, default: false, withNegated: false } as const;
}

/** One name that has to be given. */
export function onePositional(brief: string, placeholder: string) {
  return { kind: "tuple", parameters: [{ brief, placeholder, parse: text }] } as const;
}
