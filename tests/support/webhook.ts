/** Reviews as an API server sends them, and what their answers say. */
import { loadCatalogue, multigresMajor } from "../../postgres/catalogue/catalogue.ts";
import { isRecord } from "../../kube/errors.ts";
import type { Frozen, KubeObject } from "../../kube/types.ts";
import { type Answer, type AnswerOptions, answerQuestion } from "../../webhook/answer.ts";
import { type FactChange, type FactKind, factKinds, Facts } from "../../webhook/facts.ts";
import { project } from "../../webhook/projection.ts";
import { at, listAt, stringAt } from "../ground/json.ts";

type Json = Record<string, unknown>;

export const account = { namespace: "system", serviceAccount: "matriarch" };
export const operatorName = "system:serviceaccount:system:matriarch";
export const namespace = "shop";

export interface ReviewParts {
  readonly operation?: string;
  readonly object?: Json;
  readonly oldObject?: Json;
  readonly username?: string;
  readonly namespace?: string;
}

/** An AdmissionReview about an object; its kind is read from the object. */
export function reviewOf(parts: ReviewParts): Json {
  const { operation = "CREATE", object, oldObject, username = "jane" } = parts;
  const subject = object ?? oldObject ?? {};
  const [group = "", version = ""] = (stringAt(subject, "apiVersion") ?? "").split("/");
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      uid: "705ab4f5-6393-11e8-b7cc-42010a800002",
      kind: { group, version, kind: stringAt(subject, "kind") },
      resource: { group, version, resource: "things" },
      name: stringAt(subject, "metadata", "name") ?? "",
      namespace: parts.namespace ?? namespace,
      operation,
      userInfo: { username, groups: ["system:authenticated"] },
      object: object ?? null,
      oldObject: oldObject ?? null,
      dryRun: false,
      options: {},
    },
  };
}

/** What an answer says. */
export interface Said {
  readonly status: number;
  readonly uid: unknown;
  readonly allowed: unknown;
  readonly code: unknown;
  readonly message: string;
  readonly warnings: readonly unknown[];
  /** The patch, decoded. */
  readonly patch: unknown;
}

export function readAnswer(status: number, text: string): Said {
  const body: unknown = JSON.parse(text);
  const response = at(body, "response");
  const patch = stringAt(response, "patch");
  return {
    status,
    uid: at(response, "uid"),
    allowed: at(response, "allowed"),
    code: at(response, "status", "code"),
    message: stringAt(response, "status", "message") ?? "",
    warnings: listAt(response, "warnings"),
    patch: patch === undefined
      ? undefined
      : JSON.parse(new TextDecoder().decode(Uint8Array.fromBase64(patch))),
  };
}

/** Facts of a cluster that has been read through, with these objects in it. */
export function factsOf(
  objects: readonly (readonly [FactKind, Frozen<KubeObject>])[] = [],
  known: readonly FactKind[] = factKinds,
): FactChange[] {
  return [
    ...objects.map(([kind, object]) => ({
      type: "object" as const,
      kind,
      object: project(kind, object).object,
    })),
    ...known.map((kind) => ({ type: "known" as const, kind })),
  ];
}

const catalogue = await loadCatalogue(multigresMajor);

export interface Asked extends Partial<Pick<AnswerOptions, "facts" | "patience">> {
  readonly headers?: Readonly<Record<string, string>>;
}

/** Facts that are all known, with nothing there but what is given. */
export function knownFacts(objects: readonly (readonly [FactKind, Frozen<KubeObject>])[] = []): Facts {
  const facts = new Facts();
  facts.apply(factsOf(objects));
  return facts;
}

/** Asks the webhook without a server in between. */
export async function ask(
  path: string,
  body: unknown,
  asked: Asked = {},
): Promise<Said & Pick<Answer, "told">> {
  const { headers = {}, facts = knownFacts(), patience = { unknownMs: 0, refusalMs: 0 } } = asked;
  const answer = await answerQuestion(
    { path, headers: (name) => headers[name], body: typeof body === "string" ? body : JSON.stringify(body) },
    { facts, account, catalogue, now: () => new Date("2026-11-21T12:00:00.9Z"), patience },
  );
  return {
    ...readAnswer(answer.status, answer.body),
    ...(answer.told === undefined ? {} : { told: answer.told }),
  };
}

/** Applies a patch of adds and replaces to a copy. */
export function patched(object: Json, patch: unknown): Json {
  const copy: Json = structuredClone(object);
  for (const operation of Array.isArray(patch) ? patch : []) {
    const steps = (stringAt(operation, "path") ?? "").split("/").slice(1)
      .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
    const last = steps.pop() ?? "";
    let target: unknown = copy;
    for (const step of steps) target = Array.isArray(target) ? target[Number(step)] : at(target, step);
    if (!isRecord(target) && !Array.isArray(target)) {
      throw new Error(`Cannot patch ${JSON.stringify(operation)}`);
    }
    Reflect.set(target, last, at(operation, "value"));
  }
  return copy;
}
