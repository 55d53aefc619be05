/** What the API server answered when it did not do what was asked. */
import type { Method } from "./transport.ts";
import { TransportError } from "./transport.ts";

/** The parts of a `Status` object that decisions depend on. */
export interface ApiStatus {
  readonly code: number;
  /** Machine-readable reason such as `NotFound`, `Conflict`, `Invalid`, `Expired`; empty when none was sent. */
  readonly reason: string;
  readonly message: string;
  /** Reasons of `details.causes`, for example `NamespaceTerminating`. */
  readonly causes: readonly string[];
  readonly retryAfterSeconds?: number;
}

/** An answer of the API server with a status of 400 or above. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  constructor(readonly method: Method, readonly path: string, readonly status: ApiStatus) {
    super(`${method} ${path.split("?")[0]}: ${status.code} ${status.reason || "error"}: ${status.message}`);
  }
}

/** Reads a `Status` from an answer's body; a body that is no Status becomes the message (first 500 characters). */
export function parseStatus(code: number, body: string, retryAfterSeconds?: number): ApiStatus {
  const retry = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
  const parsed = parseObject(body);
  if (parsed?.["kind"] !== "Status") {
    return { code, reason: "", message: body.slice(0, 500).trim() || "no message", causes: [], ...retry };
  }
  return {
    code,
    reason: text(parsed["reason"]),
    message: text(parsed["message"]),
    causes: causesOf(parsed["details"]),
    ...retry,
  };
}

function causesOf(details: unknown): string[] {
  if (!isRecord(details) || !Array.isArray(details["causes"])) return [];
  return details["causes"].filter(isRecord).map((cause) => text(cause["reason"]));
}

function parseObject(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** A JSON object (not null, not a list). */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isNotFound(error: unknown): boolean {
  return hasCode(error, 404);
}

/** A write met a newer object: resourceVersion or UID no longer match. */
export function isConflict(error: unknown): boolean {
  return error instanceof ApiError && error.status.code === 409 && error.status.reason !== "AlreadyExists";
}

export function isAlreadyExists(error: unknown): boolean {
  return error instanceof ApiError && error.status.code === 409 && error.status.reason === "AlreadyExists";
}

/** The resourceVersion that a list or watch asked for is no longer kept. */
export function isGone(error: unknown): boolean {
  return hasCode(error, 410);
}

export function isForbidden(error: unknown): boolean {
  return hasCode(error, 403);
}

/** The namespace is being deleted, so nothing can be created in it. Not an error of ours, and not worth a retry. */
export function isNamespaceTerminating(error: unknown): boolean {
  return error instanceof ApiError && error.status.causes.includes("NamespaceTerminating");
}

/** A ResourceQuota refuses the write. The API server has no reason of its own for it, only this wording. */
export function isQuotaExceeded(error: unknown): boolean {
  return error instanceof ApiError && error.status.code === 403 &&
    error.status.message.includes("exceeded quota");
}

/**
 * Whether trying the same again is pointless until something changes: the object is invalid (400, 413, 422), a quota
 * is used up, or the namespace goes away.
 */
export function isPermanent(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  return [400, 413, 422].includes(error.status.code) || isQuotaExceeded(error) ||
    isNamespaceTerminating(error);
}

/** Whether the request was refused before it left because this process may not write any more. */
export function isFenced(error: unknown): boolean {
  return error instanceof TransportError && error.failure === "fenced";
}

/** Whether the caller itself gave up on the request. */
export function isAborted(error: unknown): boolean {
  return error instanceof TransportError && error.failure === "aborted";
}

function hasCode(error: unknown, code: number): boolean {
  return error instanceof ApiError && error.status.code === code;
}
