/**
 * Pairs of objects for the rules of a schema: one that the API server has to take, and one, differing in as little as
 * possible, that it has to refuse for the named rule.
 */
import { isRecord } from "../ground/json.ts";

export type Manifest = Record<string, unknown>;

/** Values by path (`spec.roles[0].name`); `undefined` takes the field away. */
export type Changes = Readonly<Record<string, unknown>>;

export interface RuleCase {
  /** The rule as `constraints.ts` calls it: `spec.replicas minimum`, or a path and `rule: ` with the CEL message. */
  readonly rule: string;
  readonly accepted: Manifest;
  readonly refused: Manifest;
  /** Path of the field that the API server blames. */
  readonly field: string;
  /** Part of what it says. */
  readonly message: string;
}

/** What the API server says when a keyword of a schema is broken. */
const complaints: Readonly<Record<string, string>> = {
  minimum: "should be greater than or equal to",
  maximum: "should be less than or equal to",
  enum: "Unsupported value",
  pattern: "should match",
  minLength: "should be at least",
  maxLength: "Too long",
  required: "Required value",
};

/** The object with changes; `base` stays as it is. */
export function changed(base: Manifest, changes: Changes): Manifest {
  const copy = structuredClone(base);
  for (const [path, value] of Object.entries(changes)) {
    set(copy, path.replaceAll("[", ".[").split("."), value);
  }
  return copy;
}

function set(target: unknown, path: readonly string[], value: unknown): void {
  const [step = "", ...rest] = path;
  const key = step.startsWith("[") ? Number(step.slice(1, -1)) : step;
  if (typeof target !== "object" || target === null) {
    throw new Error(`Cannot set ${path.join(".")}: no object`);
  }
  if (rest.length === 0) {
    if (value === undefined) Reflect.deleteProperty(target, key);
    else Reflect.set(target, key, structuredClone(value));
    return;
  }
  const next: unknown = Reflect.get(target, key);
  if (!isRecord(next) && !Array.isArray(next)) Reflect.set(target, key, {});
  set(Reflect.get(target, key), rest, value);
}

/** Builds cases that start from one object, which has to be valid. */
export class RuleCases {
  readonly cases: RuleCase[] = [];

  constructor(readonly base: Manifest) {}

  /** Cases from the same object with changes. */
  within(changes: Changes): RuleCases {
    const inner = new RuleCases(changed(this.base, changes));
    this.#nested.push(inner);
    return inner;
  }

  readonly #nested: RuleCases[] = [];

  /** Own cases and those of every {@link within}. */
  all(): RuleCase[] {
    return [...this.cases, ...this.#nested.flatMap((inner) => inner.all())];
  }

  /** A keyword of the schema at a path. */
  keyword(path: string, keyword: string, values: { accepted: unknown; refused: unknown }): this {
    this.cases.push({
      rule: `${path.replaceAll(/\[\d+\]/g, "[]")} ${keyword}`,
      accepted: changed(this.base, { [path]: values.accepted }),
      refused: changed(this.base, { [path]: values.refused }),
      field: path,
      message: complaints[keyword] ?? keyword,
    });
    return this;
  }

  /** A number with a lower bound and, where there is one, an upper bound. */
  bounds(path: string, least: number, most?: number): this {
    this.keyword(path, "minimum", { accepted: least, refused: least - 1 });
    return most === undefined ? this : this.keyword(path, "maximum", { accepted: most, refused: most + 1 });
  }

  /** A field that takes these words and no other: each is tried. */
  words(path: string, words: readonly string[], refused: string): this {
    for (const accepted of words) this.keyword(path, "enum", { accepted, refused });
    return this;
  }

  /** Fields that must be there. */
  needs(...paths: readonly string[]): this {
    for (const path of paths) {
      this.cases.push({
        rule: `${path.replaceAll(/\[\d+\]/g, "[]")} required`,
        accepted: this.base,
        refused: changed(this.base, { [path]: undefined }),
        field: path,
        message: "Required value",
      });
    }
    return this;
  }

  /** A CEL rule at a path, told by its message. */
  cel(path: string, message: string, changes: { accepted: Changes; refused: Changes }): this {
    this.cases.push({
      rule: `${path} rule: ${message}`,
      accepted: changed(this.base, changes.accepted),
      refused: changed(this.base, changes.refused),
      field: path,
      message,
    });
    return this;
  }
}
