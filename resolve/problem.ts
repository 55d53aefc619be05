/** What keeps a cluster from being resolved, and how several findings become one answer. */

export type TemplateKind = "CoreTemplate" | "CellTemplate" | "ShardTemplate";

/** A template that could not be used, and where the cluster names it. */
interface TemplateProblem {
  readonly template: { readonly kind: TemplateKind; readonly name: string };
  /** Field of the cluster that names the template, such as `spec.cells[0].cellTemplate`. */
  readonly path: string;
  /** A sentence with field, value and remedy. */
  readonly message: string;
}

/** The reason is fit for an event and for a condition. */
export type ResolveProblem =
  | ({ readonly reason: "TemplateMissing" } & TemplateProblem)
  | ({ readonly reason: "TemplateInvalid" } & TemplateProblem)
  | { readonly reason: "ConfigError"; readonly path: string; readonly message: string };

export type Resolved<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly ResolveProblem[] };

export function resolved<T>(value: T): Resolved<T> {
  return { ok: true, value };
}

export function refused(problems: readonly ResolveProblem[]): { ok: false; problems: ResolveProblem[] } {
  return { ok: false, problems: [...problems] };
}

/** All problems of several results, each once: fifty cells may name the same missing template. */
export function problemsOf(results: readonly Resolved<unknown>[]): ResolveProblem[] {
  const byText = new Map<string, ResolveProblem>();
  for (const result of results) {
    if (result.ok) continue;
    for (const problem of result.problems) byText.set(`${problem.path}\n${problem.message}`, problem);
  }
  return [...byText.values()];
}

/** The values of results that are all in order, or the problems of those that are not. */
export function gather<T>(results: readonly Resolved<T>[]): Resolved<T[]> {
  const problems = problemsOf(results);
  if (problems.length > 0) return refused(problems);
  return resolved(results.flatMap((result) => result.ok ? [result.value] : []));
}
