/**
 * Bounds that only a merge can break: each level keeps to its schema, but two maps of twenty entries make one of forty,
 * and "all cells" may be more than a pool can have. The API server would refuse the child object; the user learns it here,
 * in terms of what they wrote.
 */
import * as z from "zod/mini";
import { describeIssues } from "../api/schema/problems.ts";
import type { ResolveProblem } from "./problem.ts";

/**
 * Checks a merged value against the schema of the child that will hold it.
 * @param path field of the cluster that the value belongs to.
 * @param below where the value is below that field.
 */
export function misfits(
  schema: z.core.$ZodType,
  value: unknown,
  path: string,
  below: readonly PropertyKey[],
): ResolveProblem[] {
  const result = z.safeParse(schema, value);
  if (result.success) return [];
  return describeIssues(result.error.issues, value, below).map((problem) => ({
    reason: "ConfigError",
    path: `${path}.${problem.path}`,
    message: `Cannot merge the settings of ${path}: with template, overrides and defaults, ` +
      `${problem.path} ${problem.message}. ${remedy(problem.path)}`,
  }));
}

function remedy(path: string): string {
  if (path.endsWith(".cells")) return "List the cells to run in.";
  return "Say less in the template or in the cluster.";
}
