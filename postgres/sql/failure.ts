/** From what the driver throws to an {@link SqlError}. */
import { SqlError, type SqlFailure } from "./errors.ts";

/** SQLSTATEs that say more than their class. Source: PostgreSQL documentation, appendix A. */
const BY_STATE: Readonly<Record<string, SqlFailure>> = {
  "23505": "conflict", // unique_violation: two made the same thing at the same time
  "25006": "read-only", // read_only_sql_transaction
  "2BP01": "dependent", // dependent_objects_still_exist
  "3D000": "missing", // invalid_catalog_name
  "42710": "conflict", // duplicate_object
  "42P04": "conflict", // duplicate_database
  "55006": "conflict", // object_in_use
  "55P03": "conflict", // lock_not_available
  "57014": "timeout", // query_canceled
  "57P01": "broken", // admin_shutdown
  "57P02": "broken", // crash_shutdown
  "57P03": "unreachable", // cannot_connect_now
  "57P05": "broken", // idle_session_timeout
};

/** Classes: the first two characters. */
const BY_CLASS: Readonly<Record<string, SqlFailure>> = {
  "08": "broken",
  "28": "auth",
  "40": "conflict",
  "53": "overloaded",
};

/** What a SQLSTATE means. */
export function failureOfState(state: string): SqlFailure {
  return BY_STATE[state] ?? BY_CLASS[state.slice(0, 2)] ?? "refused";
}

/** What an error of the driver means. `connected`: whether the session was established when it was thrown. */
export function failureOf(error: unknown, connected: boolean): { failure: SqlFailure; sqlState?: string } {
  const { code, severity } = partsOf(error);
  if (code !== undefined && severity !== undefined && /^[0-9A-Z]{5}$/.test(code)) {
    return { failure: failureOfState(code), sqlState: code };
  }
  if (isAboutTrust(error, code)) return { failure: "untrusted" };
  return { failure: connected ? "broken" : "unreachable" };
}

/** @param doing such as `Cannot connect to db:5432` */
export function sqlErrorOf(error: unknown, doing: string, connected: boolean): SqlError {
  if (error instanceof SqlError) return error;
  const { failure, sqlState } = failureOf(error, connected);
  const message = error instanceof Error ? error.message : String(error);
  const hint = partsOf(error).hint;
  const told = `${doing}: ${message}${hint === undefined ? "" : ` (${hint})`}`;
  return new SqlError(failure, told, sqlState, { cause: error });
}

/** OpenSSL's and Node's names for certificates that prove nothing, and the words of the driver for a server without TLS. */
function isAboutTrust(error: unknown, code: string | undefined): boolean {
  if (code !== undefined && /CERT|^ERR_TLS|^UNABLE_TO_|^ERR_SSL|^DEPTH_ZERO/.test(code)) return true;
  const message = error instanceof Error ? error.message : "";
  return /does not support SSL|certificate/i.test(message);
}

function partsOf(error: unknown): { code?: string; severity?: string; hint?: string } {
  if (typeof error !== "object" || error === null) return {};
  const found: { code?: string; severity?: string; hint?: string } = {};
  if ("code" in error && typeof error.code === "string") found.code = error.code;
  if ("severity" in error && typeof error.severity === "string") found.severity = error.severity;
  if ("hint" in error && typeof error.hint === "string") found.hint = error.hint;
  return found;
}
