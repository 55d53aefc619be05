/** What a pass over a database decided, as data: deeds, each of steps that belong together. */
import type { CreateStep, DeleteStep, PatchStep } from "../../kube/plan.ts";
import { isAboutStatement, type SqlError } from "../../postgres/sql/errors.ts";
import type { Statement } from "../../postgres/sql/sql_client.ts";

/** What a problem is about: decides which condition tells of it. */
export type Subject = "database" | "roles" | "secrets" | "grants" | "extensions";

/** Something that is asked for and cannot be done as things are. */
export interface Problem {
  readonly about: Subject;
  /** One word in CamelCase. */
  readonly reason: string;
  readonly message: string;
}

export type DeedStep =
  /** A write to the API server. */
  | { readonly kind: "object"; readonly step: CreateStep | PatchStep | DeleteStep }
  /** SQL: several statements are one transaction. */
  | { readonly kind: "sql"; readonly statements: readonly Statement[] };

/**
 * Steps in order, of which the later ones make no sense without the earlier. Any prefix may have happened before; when one
 * is refused, the other deeds go on.
 */
export interface Deed {
  readonly about: Subject;
  /** Such as `create role app`; ends "Cannot ..." in messages, and is told in an event. */
  readonly describe: string;
  readonly steps: readonly DeedStep[];
  /** The spec is fulfilled without it: when it is refused, that is told and nothing more. */
  readonly isOptional?: true;
  /** What people are told beyond that it was done. */
  readonly warning?: { readonly reason: string; readonly message: string };
}

/** Part of a plan. */
export interface Planned {
  readonly deeds: readonly Deed[];
  readonly problems: readonly Problem[];
  /** What is as it is, and worth saying. */
  readonly remarks: readonly string[];
}

export const nothingPlanned: Planned = { deeds: [], problems: [], remarks: [] };

export function joinPlans(plans: readonly Planned[]): Planned {
  return {
    deeds: plans.flatMap(({ deeds }) => deeds),
    problems: plans.flatMap(({ problems }) => problems),
    remarks: plans.flatMap(({ remarks }) => remarks),
  };
}

export function sql(...texts: string[]): DeedStep {
  return { kind: "sql", statements: texts.map((text) => ({ text })) };
}

export function object(step: CreateStep | PatchStep | DeleteStep): DeedStep {
  return { kind: "object", step };
}

export function problemPlan(problem: Problem): Planned {
  return { ...nothingPlanned, problems: [problem] };
}

const REASONS: Readonly<Record<Subject, string>> = {
  database: "DatabaseFailed",
  roles: "RoleFailed",
  secrets: "SecretFailed",
  grants: "GrantFailed",
  extensions: "ExtensionFailed",
};

/** How deeds are carried out. */
export interface Hands {
  sql(statements: readonly Statement[]): Promise<void>;
  /** @throws SqlError of failure `conflict` when somebody else was faster */
  object(step: CreateStep | PatchStep | DeleteStep): Promise<void>;
}

export interface Done {
  readonly deeds: readonly Deed[];
  readonly problems: readonly Problem[];
  readonly remarks: readonly string[];
}

/** Carries out deeds. What is wrong with one alone becomes a problem, or a remark; all else that goes wrong ends it. @throws SqlError */
export async function carryOut(deeds: readonly Deed[], hands: Hands): Promise<Done> {
  const done: Deed[] = [];
  const problems: Problem[] = [];
  const remarks: string[] = [];
  for (const deed of deeds) {
    try {
      for (const step of deed.steps) await perform(step, hands);
      done.push(deed);
    } catch (error) {
      if (!isAboutStatement(error)) throw error;
      const problem = problemOf(deed, error);
      if (deed.isOptional) remarks.push(problem.message);
      else problems.push(problem);
    }
  }
  return { deeds: done, problems, remarks };
}

async function perform(step: DeedStep, hands: Hands): Promise<void> {
  if (step.kind === "sql") await hands.sql(step.statements);
  else await hands.object(step.step);
}

function problemOf({ about, describe }: Deed, { message }: SqlError): Problem {
  return { about, reason: REASONS[about], message: `Cannot ${describe}: ${message}` };
}
