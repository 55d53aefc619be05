/** Two objects side by side, as lines that a test can list. */
import { isRecord } from "../../kube/errors.ts";

/**
 * What tells two values apart. Lists of texts are compared as sets, other lists item by item.
 *
 * `+ path: value` is in `ours` alone, `- path: value` in `theirs` alone, `~ path: ours, theirs` in both with other values.
 */
export function differences(ours: unknown, theirs: unknown, path = ""): string[] {
  if (ours === undefined && theirs === undefined) return [];
  if (theirs === undefined) return [`+ ${path}: ${JSON.stringify(ours)}`];
  if (ours === undefined) return [`- ${path}: ${JSON.stringify(theirs)}`];
  if (Array.isArray(ours) && Array.isArray(theirs)) return ofLists(ours, theirs, path);
  if (isRecord(ours) && isRecord(theirs)) {
    const names = [...new Set([...Object.keys(theirs), ...Object.keys(ours)])];
    return names.flatMap((name) => differences(ours[name], theirs[name], `${path}.${name}`));
  }
  return Object.is(ours, theirs) ? [] : [`~ ${path}: ${JSON.stringify(ours)}, ${JSON.stringify(theirs)}`];
}

function ofLists(ours: readonly unknown[], theirs: readonly unknown[], path: string): string[] {
  if ([...ours, ...theirs].every((item) => typeof item === "string")) {
    return [
      ...ours.filter((item) => !theirs.includes(item)).map((item) => `+ ${path}: ${item}`),
      ...theirs.filter((item) => !ours.includes(item)).map((item) => `- ${path}: ${item}`),
    ];
  }
  const length = Math.max(ours.length, theirs.length);
  return Array.from({ length }, (_, at) => differences(ours[at], theirs[at], `${path}[${at}]`)).flat();
}
