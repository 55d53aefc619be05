/** From the body of a request to the body of its answer, whatever the body is. */
import { spanUnderWay } from "../telemetry/trace_context.ts";
import { isTracing, withSpan } from "../telemetry/tracing.ts";
import type { FactKind, Facts } from "./facts.ts";
import type { HandlerContext } from "./handlers/handler.ts";
import { isProbe, probeVerdict } from "./probe.ts";
import { type Registration, registrations } from "./registrations.ts";
import { type AdmissionRequest, allowed, parseReview, reviewAnswer, type Verdict } from "./review.ts";
import { callersTrace, type Headers } from "./trace.ts";

export interface Question {
  /** Path without query. */
  readonly path: string;
  readonly headers: Headers;
  readonly body: string;
}

export interface Answer {
  /** HTTP status. */
  readonly status: 200 | 400 | 404 | 500;
  /** JSON. */
  readonly body: string;
  /** What was judged, and how, for the metrics; absent for what was no review. */
  readonly told?: Told;
}

export interface Told {
  readonly operation: "DEFAULT" | "VALIDATE";
  readonly resource: string;
  /** `error` for whatever is not let through. */
  readonly result: "success" | "error";
}

export interface AnswerOptions extends Omit<HandlerContext, "headers" | "now"> {
  readonly now: () => Date;
  readonly patience?: Patience;
}

/** How long an answer may wait for facts that are on their way, in milliseconds; the API server gives up after 10 s. */
export interface Patience {
  /** Until the kinds that it cannot do without are known: a moment after the start. */
  readonly unknownMs: number;
  /** Before a "no" that rests on other objects: what was applied right before may still be under way. */
  readonly refusalMs: number;
}

const usualPatience: Patience = { unknownMs: 5_000, refusalMs: 1_500 };

const byPath = new Map(registrations.map((registration) => [registration.path, registration]));

/** Whether a path is served at all. */
export function isServed(path: string): boolean {
  return byPath.has(path);
}

/** Never rejects. */
export async function answerQuestion(question: Question, options: AnswerOptions): Promise<Answer> {
  const registration = byPath.get(question.path);
  if (registration === undefined) {
    return failed(404, "", "Cannot review at this path: nothing is served here.");
  }
  const parsed = parseReview(parseJson(question.body));
  if (!parsed.ok) return failed(400, parsed.uid, parsed.message);
  const { request } = parsed;
  if (isProbe(request)) {
    const verdict = registration.type === "mutating" ? allowed : probeVerdict;
    return { status: 200, body: JSON.stringify(reviewAnswer(request.uid, verdict)) };
  }
  const verdict = await judged(registration, request, question.headers, options);
  return {
    status: 200,
    body: JSON.stringify(reviewAnswer(request.uid, verdict)),
    told: toldOf(registration, verdict),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function failed(status: 400 | 404, uid: string, message: string): Answer {
  const verdict: Verdict = { allowed: false, warnings: [], code: 400, message, mayPass: false };
  return { status, body: JSON.stringify(reviewAnswer(uid, verdict)) };
}

function toldOf({ type, resource }: Registration, verdict: Verdict): Told {
  return {
    operation: type === "mutating" ? "DEFAULT" : "VALIDATE",
    resource: resource.kind,
    result: verdict.allowed ? "success" : "error",
  };
}

/** A bug becomes a refusal: nothing is let through that was not looked at. */
async function judged(
  registration: Registration,
  request: AdmissionRequest,
  headers: Headers,
  options: AnswerOptions,
): Promise<Verdict> {
  const name = registration.type === "mutating" ? "Webhook.Default" : "Webhook.Validate";
  const attributes = {
    "k8s.resource.kind": registration.resource.kind,
    "k8s.resource.name": request.name,
    "k8s.namespace": request.namespace,
  };
  const origin = isTracing() && spanUnderWay() === undefined ? callersTrace(headers) : undefined;
  const work = () => patiently(registration, request, headers, options);
  try {
    return await withSpan(name, attributes, work, { origin });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message =
      `Cannot review this object as the operator's webhook failed on it: ${reason}. This is a bug.`;
    return { allowed: false, warnings: [], code: 500, message, mayPass: false };
  }
}

async function patiently(
  { handler }: Registration,
  request: AdmissionRequest,
  headers: Headers,
  options: AnswerOptions,
): Promise<Verdict> {
  const { facts, now, patience = usualPatience } = options;
  // Of namespaces that this operator does not look after it knows nothing. Guards need to know nothing.
  if (handler.needs.length > 0 && !facts.covers(request.namespace)) return allowed;
  const missing = await untilKnown(handler.needs, facts, patience.unknownMs);
  if (missing.length > 0) return notReady(missing);
  const review = () => handler.review(request, { ...options, headers, now: now() });
  const deadline = performance.now() + patience.refusalMs;
  let verdict = review();
  while (!verdict.allowed && verdict.mayPass && performance.now() < deadline) {
    await facts.nextChange(deadline - performance.now());
    verdict = review();
  }
  return verdict;
}

async function untilKnown(kinds: readonly FactKind[], facts: Facts, limitMs: number): Promise<FactKind[]> {
  const deadline = performance.now() + limitMs;
  let missing = facts.unknown(kinds);
  while (missing.length > 0 && performance.now() < deadline) {
    await facts.nextChange(deadline - performance.now());
    missing = facts.unknown(kinds);
  }
  return missing;
}

function notReady(missing: readonly FactKind[]): Verdict {
  const message = `Cannot review this object yet as the operator has not read all ${
    missing.join(", ")
  }: try again.`;
  return { allowed: false, warnings: [], code: 503, message, mayPass: false };
}
