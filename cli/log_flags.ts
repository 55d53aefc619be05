/** What the `--zap-*` flags mean for the logger. */
import type { LoggerOptions, LogLevel } from "../telemetry/log.ts";
import { UsageError } from "./usage_error.ts";

/** The flags as they were given; undefined leaves the choice to `devel`. */
export interface LogFlags {
  readonly devel: boolean;
  readonly level: LogLevel | undefined;
  readonly encoder: "json" | "console" | undefined;
  readonly stacktraceLevel: LogLevel | undefined;
  readonly timeEncoding: TimeEncoding | undefined;
}

/** The parts of the logger that flags decide. */
export type LogOptions = Required<Pick<LoggerOptions, "level" | "format" | "stacksFrom" | "timestamp">>;

export const TIME_ENCODINGS = ["epoch", "millis", "nano", "iso8601", "rfc3339", "rfc3339nano"] as const;
export type TimeEncoding = typeof TIME_ENCODINGS[number];

/** Development: for people, everything, stacks from warnings on. Otherwise: for machines, stacks with errors alone. */
export function logOptions(flags: LogFlags): LogOptions {
  return {
    level: flags.level ?? (flags.devel ? "debug" : "info"),
    format: flags.encoder ?? (flags.devel ? "console" : "json"),
    stacksFrom: flags.stacktraceLevel ?? (flags.devel ? "warn" : "error"),
    timestamp: timestampOf(flags.timeEncoding),
  };
}

const LEVELS: ReadonlyMap<string, LogLevel> = new Map([
  ["debug", "debug"],
  ["info", "info"],
  ["warn", "warn"],
  ["error", "error"],
  ["panic", "error"],
]);

/**
 * A level by its name; a number above 0 asks for more than `info`, which is `debug` here, and `panic` is `error`.
 * @throws UsageError for anything else.
 */
export function parseLevel(text: string): LogLevel {
  const level = /^[1-9]\d*$/.test(text) ? "debug" : LEVELS.get(text.toLowerCase());
  if (level !== undefined) return level;
  throw new UsageError(`a level is one of ${[...LEVELS.keys()].join(", ")}, or a number above 0`);
}

function timestampOf(encoding: TimeEncoding | undefined): (now: Date) => string | number {
  switch (encoding) {
    case "epoch":
      return (now) => now.getTime() / 1_000;
    case "millis":
      return (now) => now.getTime();
    case "nano":
      return (now) => now.getTime() * 1_000_000;
    case "rfc3339":
      return (now) => now.toISOString().replace(/\.\d+Z$/, "Z");
    case "iso8601":
    case "rfc3339nano":
    case undefined:
      return (now) => now.toISOString();
  }
}
