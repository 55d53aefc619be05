/**
 * Files in the manner of `postgresql.conf`, read by the rules of the server's own reader (`guc-file.l`), so that nothing
 * is accepted here which keeps a server from starting, and nothing refused which it would take.
 */
import { canonicalName, isWritableName } from "./setting_name.ts";

/** Settings by canonical name; the values are the server's, without quotes. */
export type Settings = ReadonlyMap<string, string>;

/** One line of a file that sets something. */
export interface Entry {
  /** Canonical: see `canonicalName`. */
  readonly name: string;
  readonly value: string;
  /** Counted from one. */
  readonly line: number;
}

export interface FileProblem {
  /** Counted from one. */
  readonly line: number;
  /** What is wrong and what to do, without field and line. */
  readonly message: string;
}

export type ParsedFile =
  | { readonly ok: true; readonly entries: readonly Entry[] }
  | { readonly ok: false; readonly problems: readonly FileProblem[] };

const includes = new Set(["include", "include_dir", "include_if_exists"]);

const letter = "[A-Za-z_\\u0080-\\u{10FFFF}]";
const letterOrDigit = "[A-Za-z_0-9\\u0080-\\u{10FFFF}]";

/** A name is a word, or two with a dot between them; what could go on as a longer word is none. */
const namePart = new RegExp(
  `^${letter}${letterOrDigit}*(?:\\.${letter}${letterOrDigit}*)?(?!${letterOrDigit}|[-._:/])`,
  "u",
);

/**
 * What may stand without quotes: a word that may have `-`, `.`, `_`, `:` and `/` in it, a whole number with a unit, or a
 * decimal number. Two words with a dot between them are a name to the server's reader, and an error as a value.
 */
const plainValue = new RegExp(
  `^(?:${letter}(?:${letterOrDigit}|[-._:/])*|[-+]?[0-9]*\\.[0-9]*(?:[eE][-+]?[0-9]+)?|` +
    `[-+]?(?:0[xX][0-9a-fA-F]+|[0-9]+)[A-Za-z]*)`,
  "u",
);

const quotedValue = /^'((?:[^'\\]|\\.|'')*)'/us;
const blanks = /^[ \t\r]*/;

/** Reads a file. All problems are told, not only the first. An entry of a name that comes again wins over those before. */
export function parseSettings(text: string): ParsedFile {
  const entries: Entry[] = [];
  const problems: FileProblem[] = [];
  for (const [at, content] of text.split("\n").entries()) {
    const line = at + 1;
    const result = parseLine(content);
    if (result === undefined) continue;
    if ("message" in result) problems.push({ line, message: result.message });
    else entries.push({ ...result, line });
  }
  return problems.length === 0 ? { ok: true, entries } : { ok: false, problems };
}

/** The settings of a file that was read: of several entries of a name the last. */
export function settingsOf(entries: readonly Entry[]): Settings {
  return new Map(entries.map(({ name, value }) => [name, value]));
}

type Line = { readonly name: string; readonly value: string } | { readonly message: string } | undefined;

function parseLine(content: string): Line {
  if (content.includes("\0")) return wrong("it has a character of code 0; remove it");
  const rest = skipBlanks(content);
  if (isOver(rest)) return undefined;
  const written = namePart.exec(rest)?.[0];
  if (written === undefined) return wrong(`${quote(rest)} does not begin with the name of a setting`);
  const name = canonicalName(written);
  if (includes.has(name)) {
    return wrong(
      `${name} leads to a file that the operator cannot see; write what that file has in its place`,
    );
  }
  const value = parseValue(skipEquals(rest.slice(written.length)), name);
  return typeof value === "string" ? { name, value } : value;
}

function parseValue(text: string, name: string): string | { readonly message: string } {
  if (isOver(text)) return wrong(`${name} has no value; write '' for an empty one`);
  const quoted = quotedValue.exec(text);
  const plain = plainToken(text);
  const token = quoted?.[0] ?? plain;
  if (token === undefined || !isOver(skipBlanks(text.slice(token.length)))) return wrongValue(text, name);
  if (quoted?.[1] === undefined) return token;
  return unescape(quoted[1]) ?? wrongEscape(name);
}

function plainToken(text: string): string | undefined {
  const token = plainValue.exec(text)?.[0];
  return token?.includes(".") && isWritableName(token) ? undefined : token;
}

function wrongValue(text: string, name: string): { readonly message: string } {
  const hint = text.startsWith('"') || /^'[^']*$/.test(text)
    ? "quote it with ' on both sides, on one line"
    : "put it between single quotes, and nothing but a comment behind it";
  return wrong(`the value of ${name} cannot be read from ${quote(text)}; ${hint}`);
}

function wrongEscape(name: string): { readonly message: string } {
  return wrong(
    `the value of ${name} has a number that stands for no ASCII character; write the character itself`,
  );
}

function wrong(message: string): { readonly message: string } {
  return { message };
}

function skipBlanks(text: string): string {
  return text.replace(blanks, "");
}

/** One equals sign may stand between name and value, or none. */
function skipEquals(text: string): string {
  return skipBlanks(skipBlanks(text).replace(/^=/, ""));
}

function isOver(text: string): boolean {
  return text === "" || text.startsWith("#");
}

function quote(text: string): string {
  const shown = text.trim();
  return JSON.stringify(shown.length > 60 ? `${shown.slice(0, 60)}…` : shown);
}

const escapes: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

/**
 * Resolves `''` and what begins with a backslash: `\\n` and its like, up to three octal digits, or the character itself.
 * @returns undefined when a number stands for no character of ASCII: its meaning would depend on the encoding.
 */
function unescape(inner: string): string | undefined {
  let known = true;
  const text = inner.replace(/''|\\([0-7]{1,3}|.)/gus, (_, escaped: string | undefined) => {
    if (escaped === undefined) return "'";
    if (!/^[0-7]/.test(escaped)) return escapes[escaped] ?? escaped;
    const code = parseInt(escaped, 8);
    known &&= code > 0 && code < 128;
    return String.fromCharCode(code);
  });
  return known ? text : undefined;
}

/**
 * A line that sets a value, quoted so that the server reads back exactly this value.
 * @throws Error when the name or the value cannot stand in a file at all: validation tells users before.
 */
export function writeLine(name: string, value: string): string {
  if (!isWritableName(name) || includes.has(name)) {
    throw new Error(`Cannot write a setting as its name cannot stand in a file: ${name}`);
  }
  if (value.includes("\0")) throw new Error(`Cannot write ${name} as its value has a character of code 0`);
  const escaped = value.replace(/\\/g, "\\\\").replace(/'/g, "''").replace(/\n/g, "\\n").replace(
    /\r/g,
    "\\r",
  );
  return `${name} = '${escaped}'`;
}

/** A file with one line a setting, sorted by name. @throws Error as `writeLine` does. */
export function writeSettings(settings: Settings): string {
  const names = [...settings.keys()].sort();
  return names.map((name) => `${writeLine(name, settings.get(name) ?? "")}\n`).join("");
}
