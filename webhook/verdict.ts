/** From findings to an answer. */
import { errorsOf, type Finding } from "../resolve/validation/finding.ts";
import type { Verdict } from "./review.ts";

/** More findings than this are only counted: the answer has to fit on a screen. */
const named = 10;

/**
 * Rules that look at other objects. What was applied a moment ago may not have arrived here, so that a "no" for these alone
 * is worth another look.
 */
const rulesOfOthers: ReadonlySet<string> = new Set([
  "TemplateExists",
  "TemplateUnused",
  "TopologyIsOwn",
  "StorageClassGiven",
  "SourceClusterNotFound",
  "SourceClusterNotRunning",
  "ConcurrentUpgradeNotAllowed",
  "UpgradeInProgress",
]);

/**
 * @param show how an error is told: as it is, or with its rule before it, where users know the rule by name.
 */
export function verdictOf(
  findings: readonly Finding<string>[],
  show: (finding: Finding<string>) => string = ({ message }) => message,
): Verdict {
  const errors = errorsOf(findings);
  const warnings = capped(
    findings.filter(({ severity }) => severity === "warning").map(({ message }) => message),
  );
  if (errors.length === 0) return { allowed: true, warnings };
  return {
    allowed: false,
    warnings,
    code: 422,
    message: capped(errors.map(show)).join(" "),
    mayPass: errors.every(({ rule }) => rulesOfOthers.has(rule)),
  };
}

function capped(sentences: readonly string[]): string[] {
  const more = sentences.length - named;
  return more > 0 ? [...sentences.slice(0, named), `There are ${more} more.`] : [...sentences];
}
