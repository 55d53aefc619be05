/** AdmissionReview (admission.k8s.io/v1): the question that the API server asks, and the answer in its form. */
import { isRecord } from "../kube/errors.ts";
import { present } from "../resolve/present.ts";
import type { PatchOperation } from "./patch.ts";

export const operations = ["CREATE", "UPDATE", "DELETE", "CONNECT"] as const;
export type Operation = typeof operations[number];

type Json = Record<string, unknown>;

/** What is to be judged. */
export interface AdmissionRequest {
  /** Told back in the answer. */
  readonly uid: string;
  /** Kind of the object, such as `MultigresCluster`. */
  readonly kind: string;
  /** Empty for cluster-scoped objects. */
  readonly namespace: string;
  /** Empty when the API server is still to make a name up. */
  readonly name: string;
  readonly operation: Operation;
  /** Who asks, such as `system:serviceaccount:<namespace>:<name>`. */
  readonly username: string;
  /** The object as it is to be stored; absent on deletion. */
  readonly object?: Json;
  /** The object as it is stored; absent on creation. */
  readonly oldObject?: Json;
}

/** How a request is answered. Both sorts may carry warnings. */
export type Verdict =
  | {
    readonly allowed: true;
    readonly warnings: readonly string[];
    /** Changes to the object, in order. */
    readonly patch?: readonly PatchOperation[];
  }
  | {
    readonly allowed: false;
    readonly warnings: readonly string[];
    readonly code: 400 | 403 | 422 | 500 | 503;
    readonly message: string;
    /** Whether the answer may be another one as soon as more is known of the rest of the cluster. */
    readonly mayPass: boolean;
  };

export const allowed: Verdict = { allowed: true, warnings: [] };

/** A question that could be read, or why not; `uid` as far as it is known. */
export type ParsedReview =
  | { readonly ok: true; readonly request: AdmissionRequest }
  | { readonly ok: false; readonly uid: string; readonly message: string };

const apiVersion = "admission.k8s.io/v1";

/** Reads a question. Never throws, whatever it is given. */
export function parseReview(body: unknown): ParsedReview {
  if (!isRecord(body)) return unreadable("Cannot review what is no AdmissionReview: send a JSON object.");
  if (body["kind"] !== "AdmissionReview" || body["apiVersion"] !== apiVersion) {
    return unreadable(
      `Cannot review what is no AdmissionReview of ${apiVersion}: send kind and apiVersion so.`,
    );
  }
  const request = body["request"];
  if (!isRecord(request)) return unreadable("Cannot review an AdmissionReview without a request.");
  const uid = textOf(request["uid"]);
  if (uid === "") return unreadable("Cannot review a request without a uid.");
  return readRequest(uid, request);
}

function unreadable(message: string, uid = ""): ParsedReview {
  return { ok: false, uid, message };
}

function readRequest(uid: string, request: Json): ParsedReview {
  const operation = operations.find((known) => known === request["operation"]);
  if (operation === undefined) {
    return unreadable(`Cannot review a request without an operation of ${operations.join(", ")}.`, uid);
  }
  const { object, oldObject } = objectsOf(request);
  const missing = missingObject(operation, object, oldObject);
  if (missing !== undefined) {
    return unreadable(`Cannot review a request to ${operation} without ${missing}.`, uid);
  }
  return {
    ok: true,
    request: {
      uid,
      kind: textIn(request["kind"], "kind"),
      namespace: textOf(request["namespace"]),
      name: textOf(request["name"]) || nameOf(object ?? oldObject),
      operation,
      username: textIn(request["userInfo"], "username"),
      ...present({ object, oldObject }),
    },
  };
}

function objectsOf(request: Json): { object: Json | undefined; oldObject: Json | undefined } {
  const { object, oldObject } = request;
  return {
    object: isRecord(object) ? object : undefined,
    oldObject: isRecord(oldObject) ? oldObject : undefined,
  };
}

function missingObject(operation: Operation, object: Json | undefined, oldObject: Json | undefined) {
  switch (operation) {
    case "CREATE":
      return object === undefined ? "an object" : undefined;
    case "UPDATE":
      return object === undefined || oldObject === undefined ? "object and oldObject" : undefined;
    case "DELETE":
      return oldObject === undefined ? "an oldObject" : undefined;
    case "CONNECT":
      return undefined;
  }
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function textIn(value: unknown, key: string): string {
  return isRecord(value) ? textOf(value[key]) : "";
}

function nameOf(object: Json | undefined): string {
  return textIn(object?.["metadata"], "name");
}

const reasons = {
  400: "BadRequest",
  403: "Forbidden",
  422: "Invalid",
  500: "InternalError",
  503: "ServiceUnavailable",
} as const;

/** The answer in the form of the API server. */
export function reviewAnswer(uid: string, verdict: Verdict): Json {
  const warnings = verdict.warnings.length === 0 ? {} : { warnings: verdict.warnings.map(oneLine) };
  return { apiVersion, kind: "AdmissionReview", response: { uid, ...outcome(verdict), ...warnings } };
}

function outcome(verdict: Verdict): Json {
  if (!verdict.allowed) {
    const { code, message } = verdict;
    return { allowed: false, status: { code, reason: reasons[code], message } };
  }
  if (verdict.patch === undefined || verdict.patch.length === 0) return { allowed: true };
  const bytes = new TextEncoder().encode(JSON.stringify(verdict.patch));
  return { allowed: true, patchType: "JSONPatch", patch: bytes.toBase64() };
}

/** Warnings travel in a header, which has no room for control characters. */
function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, " ");
}
