/** What each handler is given, and what most of them ask first. */
import { isRecord } from "../../kube/errors.ts";
import type { Problem } from "../../kube/controller.ts";
import { isSame } from "../../kube/same.ts";
import type { Catalogue } from "../../postgres/catalogue/catalogue.ts";
import type { FactKind, Facts } from "../facts.ts";
import type { OperatorAccount } from "../guards.ts";
import type { AdmissionRequest, Verdict } from "../review.ts";
import type { Headers } from "../trace.ts";

export interface HandlerContext {
  readonly facts: Facts;
  readonly account: OperatorAccount;
  readonly catalogue: Catalogue;
  readonly headers: Headers;
  readonly now: Date;
}

export interface Handler {
  /** What must be known before an answer can be given. Other facts count where they are known. */
  readonly needs: readonly FactKind[];
  /** Decides; throws only for bugs. */
  review(request: AdmissionRequest, context: HandlerContext): Verdict;
}

/**
 * True for a change that leaves the spec as it is, and for an object on its way out: labels, annotations and finalizers are
 * nobody's business here, and what is to go must be able to go, however wrong it is.
 */
export function leavesSpecAlone({ operation, object, oldObject }: AdmissionRequest): boolean {
  if (operation !== "UPDATE") return operation === "CONNECT";
  if (isRecord(object?.["metadata"]) && object["metadata"]["deletionTimestamp"] !== undefined) return true;
  return isSame(object?.["spec"], oldObject?.["spec"]);
}

/** An object with the name that its request tells: one that is to be named by the API server has none of its own yet. */
export function namedObject(
  object: Readonly<Record<string, unknown>> | undefined,
  request: AdmissionRequest,
): Record<string, unknown> {
  const metadata = isRecord(object?.["metadata"]) ? object["metadata"] : {};
  return { ...object, metadata: { ...metadata, name: request.name || "unnamed" } };
}

/**
 * The answer for an object that its kind's schema does not accept. The API server has asked its own schema before, so the
 * two differ: somebody has to look, but what is stored in this way already must not be locked in.
 */
export function misfit(problems: readonly Problem[], storedFits: boolean): Verdict {
  const message = problems.map(({ path, message }) => `${path} ${message}.`).join(" ");
  if (!storedFits) return { allowed: true, warnings: [`The operator cannot read this object: ${message}`] };
  return {
    allowed: false,
    warnings: [],
    code: 422,
    message: `Cannot read this object: ${message}`,
    mayPass: false,
  };
}
