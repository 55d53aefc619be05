/**
 * Command lines as Go's flag package takes them, brought into the one form that our parser takes.
 *
 * Installations pass their arguments in any of Go's forms: `-flag`, `--flag value`, `--flag=value`, a bare boolean, an
 * empty value, the same flag twice (the last one counts).
 */

/** What the flags of a command are like. */
export interface FlagShapes {
  /** Flags that need no value. */
  readonly booleans: ReadonlySet<string>;
  /** Flags that take a value. */
  readonly values: ReadonlySet<string>;
  /** Those of `values` of which every one counts, not the last one alone. */
  readonly repeatable: ReadonlySet<string>;
}

/**
 * Rewrites `args` into `--name=value` for each known flag with a value, and leaves everything else as it is, so that the
 * parser behind complains about it. A known flag with an empty value is left out: it asks for the default.
 */
export function normaliseGoFlags(args: readonly string[], shapes: FlagShapes): string[] {
  const result: (string | undefined)[] = [];
  const places = new Map<string, number>();
  const put = (name: string, value: string) => {
    const rewritten = value === "" ? undefined : `--${name}=${value}`;
    const place = shapes.repeatable.has(name) ? undefined : places.get(name);
    if (place === undefined) places.set(name, result.push(rewritten) - 1);
    else result[place] = rewritten;
  };
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? "";
    const { name, value } = split(arg);
    if (shapes.booleans.has(name) && value !== "") put(name, value ?? "true");
    else if (!shapes.values.has(name)) result.push(arg);
    else if (value !== undefined) put(name, value);
    else if (at + 1 < args.length) put(name, args[++at] ?? "");
    else result.push(`--${name}`);
  }
  return result.filter((arg) => arg !== undefined);
}

/** `-name=value` in its parts; the name is empty when `arg` is no flag. */
function split(arg: string): { readonly name: string; readonly value: string | undefined } {
  const match = /^--?([A-Za-z][\w.-]*)(?:=(.*))?$/s.exec(arg);
  return { name: match?.[1] ?? "", value: match?.[2] };
}
