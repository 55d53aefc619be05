/** Turns what zod finds into sentences with a field path, in the words of the rest of the program. */
import type { z } from "zod/mini";
import type { Problem } from "../../kube/controller.ts";

/** `["spec", "cells", 0, "name"]` as `spec.cells[0].name`; keys that are no plain word are quoted. */
export function formatPath(path: readonly PropertyKey[]): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(String(part))) {
      text += text === "" ? String(part) : `.${String(part)}`;
    } else text += `[${JSON.stringify(String(part))}]`;
  }
  return text;
}

/** The JSON type of a value, with its article: what a user sees in the manifest. */
export function describeType(value: unknown): string {
  if (value === undefined) return "absent";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  switch (typeof value) {
    case "string":
      return `the string ${JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)}`;
    case "number":
      return `the number ${value}`;
    case "boolean":
      return `the boolean ${value}`;
    default:
      return "an object";
  }
}

const typeNames: Readonly<Record<string, string>> = {
  string: "a string",
  number: "a number",
  int: "an integer",
  boolean: "true or false",
  object: "an object",
  record: "an object",
  array: "a list",
  never: "absent",
};

function bound(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig, limit: number | bigint): string {
  const word = issue.code === "too_small" ? "at least" : "at most";
  switch (issue.origin) {
    case "string":
      return `must have ${word} ${limit} characters`;
    case "array":
    case "set":
      return `must have ${word} ${limit} items`;
    default:
      return `must be ${word} ${limit}`;
  }
}

/** "must be an integer or a string": what each branch of a union asks for, without repeating itself. */
function describeUnion(issue: z.core.$ZodIssueInvalidUnion): string {
  const wishes = issue.errors.flatMap((branch) => branch.map((found) => requirement(found)));
  return [...new Set(wishes)].join(" or ").replaceAll(" or must be ", " or ");
}

function requirement(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `must be ${typeNames[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return `must be one of ${issue.values.map((value) => String(value)).join(", ")}`;
    case "too_small":
      return bound(issue, issue.minimum);
    case "too_big":
      return bound(issue, issue.maximum);
    case "invalid_format":
      return issue.pattern === undefined ? `must be a valid ${issue.format}` : `must match ${issue.pattern}`;
    case "invalid_union":
      return describeUnion(issue);
    case "unrecognized_keys":
      return `must not have the fields ${issue.keys.join(", ")}`;
    case "not_multiple_of":
      return `must be a multiple of ${issue.divisor}`;
    case "invalid_key":
      return "must have valid keys";
    case "invalid_element":
      return "must have valid elements";
    case "custom":
      return issue.message;
  }
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = Reflect.get(value, part);
  }
  return value;
}

/** The problems of a failed decode. `prefix` is the path of `root` within the object. */
export function describeIssues(
  issues: readonly z.core.$ZodIssue[],
  root: unknown,
  prefix: readonly PropertyKey[],
): Problem[] {
  return issues.map((issue) => {
    const value = valueAt(root, issue.path);
    const current = value === undefined ? "it is absent" : `it is ${describeType(value)}`;
    return { path: formatPath([...prefix, ...issue.path]), message: `${requirement(issue)}, but ${current}` };
  });
}
