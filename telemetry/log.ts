/**
 * Structured logs: one line a record. State changes are `info`, what was skipped and how long things took is `debug`,
 * what somebody must look at is `warn` or `error`.
 */
import { isSecretName, type JsonValue, jsonValue } from "./log_value.ts";
import { spanUnderWay } from "./trace_context.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";

/** Named values of a record. By convention: `controller`, `object`, `reconcile_id`, `error`, and names with their unit. */
export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds `fields` to each of its records; fields of a record win over them. */
  with(fields: LogFields): Logger;
}

export interface LoggerOptions {
  /** Records below this level are dropped before anything is computed for them. */
  readonly level: LogLevel;
  /** `json`: one JSON object a line. `console`: time, level, message, and the fields as JSON, for human eyes. */
  readonly format: "json" | "console";
  /** Takes one line without its newline. What it throws is swallowed: a full pipe must not stop a reconcile. */
  readonly write: (line: string) => void;
  /** Wall-clock time of a record. */
  readonly now: () => Date;
  /** Errors in records at or above this level keep their stack; default `error`. */
  readonly stacksFrom?: LogLevel;
  /** How the time is written; default RFC 3339 in UTC with milliseconds. */
  readonly timestamp?: (now: Date) => string | number;
}

const SEVERITY: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** Makes a logger. None of its methods ever throws, whatever the fields hold. */
export function createLogger(options: LoggerOptions): Logger {
  return new LineLogger(options, {});
}

/** A logger that drops everything: for tests that look at other things. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  with: () => silentLogger,
};

class LineLogger implements Logger {
  readonly #options: LoggerOptions;
  readonly #fields: LogFields;

  constructor(options: LoggerOptions, fields: LogFields) {
    this.#options = options;
    this.#fields = fields;
  }

  debug(message: string, fields?: LogFields): void {
    this.#log("debug", message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#log("info", message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#log("warn", message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#log("error", message, fields);
  }

  with(fields: LogFields): Logger {
    return new LineLogger(this.#options, { ...this.#fields, ...fields });
  }

  #log(level: LogLevel, message: string, fields: LogFields | undefined): void {
    if (SEVERITY[level] < SEVERITY[this.#options.level]) return;
    try {
      const time = (this.#options.timestamp ?? rfc3339)(this.#options.now());
      const stacks = SEVERITY[level] >= SEVERITY[this.#options.stacksFrom ?? "error"];
      const shown = convertFields({ ...this.#fields, ...fields, ...activeSpan() }, stacks);
      this.#options.write(
        this.#options.format === "json"
          ? JSON.stringify({ timestamp: time, level, message, ...shown })
          : consoleLine([String(time), level, message], shown),
      );
    } catch {
      // Nobody is left to tell: the log itself failed.
    }
  }
}

/** Identifiers of the span under way, so that a record leads to its trace. */
function activeSpan(): LogFields {
  const context = spanUnderWay();
  return context === undefined ? {} : { trace_id: context.traceId, span_id: context.spanId };
}

/** Names that belong to the record itself. A field of such a name is written with a trailing underscore. */
const RESERVED = new Set(["timestamp", "level", "message"]);

function convertFields(fields: LogFields, stacks: boolean): Record<string, JsonValue> {
  const result: Record<string, JsonValue> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const shown = isSecretName(name) ? "[redacted]" : jsonValue(value, { stacks });
    if (shown !== undefined) result[RESERVED.has(name) ? `${name}_` : name] = shown;
  }
  return result;
}

/** Control characters are escaped, so that a message from elsewhere cannot forge a second record. */
function consoleLine(head: readonly string[], fields: Record<string, JsonValue>): string {
  const [time = "", level = "", message = ""] = head;
  const safe = message.replaceAll(/\p{Cc}/gu, (character) => JSON.stringify(character).slice(1, -1));
  const rest = Object.keys(fields).length === 0 ? "" : `  ${JSON.stringify(fields)}`;
  return `${time}  ${level.toUpperCase().padEnd(5)}  ${safe}${rest}`;
}

function rfc3339(now: Date): string {
  return now.toISOString();
}
