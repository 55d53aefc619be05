/** What must not leave a cluster is taken out of everything that does: by what is known to be secret, and by its looks. */
import { certificateKeys, roleSecretKeys } from "../../api/smoketurner/secret_keys.ts";
import type { Secret } from "../../kube/kinds.ts";
import { isRecord } from "../../kube/errors.ts";

export const REDACTED = "REDACTED";

/** Keys of Secrets whose values are no secrets: they stand in certificates, Services and logs anyway. */
const PUBLIC_KEYS: ReadonlySet<string> = new Set([
  certificateKeys.certificate,
  certificateKeys.authority,
  roleSecretKeys.username,
  roleSecretKeys.host,
  roleSecretKeys.port,
  roleSecretKeys.database,
  "namespace",
  "type",
]);

/** Shorter values are in every text by chance. */
const LEAST_LENGTH = 4;
/** Lines of a value that has several, such as a key in PEM: each of this length is looked for on its own. */
const LEAST_LINE = 16;
/** Longer values, such as whole archives, are no credentials, and nobody logs them. */
const MOST_LENGTH = 65_536;
/** From this length on a value is looked for inside of words, too. */
const LONG = 8;

export type Redact = (text: string) => string;

/** Takes out the values of these Secrets wherever they stand, plain or encoded, and what looks like a secret. */
export function redactor(secrets: readonly Secret[]): Redact {
  const values = new Set(secrets.flatMap(valuesOf));
  // The longest first: a value may be part of another one.
  const all = [...values].sort((a, b) => b.length - a.length).map(patternOf);
  const known = all.length === 0 ? undefined : new RegExp(all.join("|"), "gu");
  return (text) => redactLooks(known === undefined ? text : text.replaceAll(known, REDACTED));
}

function valuesOf({ data = {}, stringData = {} }: Secret): string[] {
  const plain = Object.entries(stringData);
  const decoded = Object.entries(data).map(([key, value]) => [key, decode(value)] as const);
  return [...plain, ...decoded].filter(([key, value]) => !PUBLIC_KEYS.has(key) && value.length <= MOST_LENGTH)
    .flatMap(([, value]) => formsOf(value));
}

function decode(base64: string): string {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)));
  } catch {
    return base64;
  }
}

/** A value as it may stand somewhere: as it is, line by line, in base64, in a URL, in JSON. */
function formsOf(value: string): string[] {
  const trimmed = value.trim();
  const lines = value.split(/\r?\n/).map((line) => line.trim()).filter((line) => line.length >= LEAST_LINE);
  const plain = [value, trimmed, ...lines.filter((line) => !line.startsWith("-----"))]
    .filter((each) => each.length >= LEAST_LENGTH);
  return plain.flatMap((each) => [
    each,
    ...inBase64(each),
    encodeURIComponent(each),
    JSON.stringify(each).slice(1, -1),
  ]);
}

function inBase64(text: string): string[] {
  const encoded = btoa(String.fromCharCode(...new TextEncoder().encode(text)));
  return [encoded, encoded.replace(/=+$/, "")];
}

function patternOf(value: string): string {
  const escaped = value.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  return value.length >= LONG ? escaped : `(?<![A-Za-z0-9])${escaped}(?![A-Za-z0-9])`;
}

const SECRET_WORD = "pass(?:word|wd|phrase)?|pwd|secret|token|api[-_]?key|access[-_]?key|private[-_]?key";

/** Each with what stays of it. */
const LOOKS: readonly (readonly [RegExp, string])[] = [
  // scheme://user:password@host
  [/([a-z][a-z0-9+.-]*:\/\/[^\s:/@"']*):[^\s/@"']+@/gi, `$1:${REDACTED}@`],
  // libpq: password=..., password='...'; flags and variables: --token=..., PGPASSWORD=...
  [
    new RegExp(
      `([\\w-]*(?:${SECRET_WORD})[\\w-]*\\s*=\\s*)('(?:[^'\\\\]|\\\\.)*'|"[^"]*"|[^\\s,;&"']+)`,
      "gi",
    ),
    `$1${REDACTED}`,
  ],
  // JSON and YAML in one line: "password": "..."
  [new RegExp(`("[\\w-]*(?:${SECRET_WORD})[\\w-]*"\\s*:\\s*)"(?:[^"\\\\]|\\\\.)*"`, "gi"), `$1"${REDACTED}"`],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}/g, `$1 ${REDACTED}`],
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+/g, REDACTED],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, REDACTED],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, REDACTED],
  // SQL: PASSWORD '...'
  [/(\bpassword\s+)(E?'(?:[^'\\]|\\.|'')*')/gi, `$1${REDACTED}`],
  [/\b(?:SCRAM-SHA-256\$|md5[0-9a-f]{32})[^\s"']*/g, REDACTED],
];

/** Takes out what looks like a secret. */
export function redactLooks(text: string): string {
  return LOOKS.reduce((rest, [pattern, replacement]) => rest.replaceAll(pattern, replacement), text);
}

/** Annotations that repeat a whole object as it was applied. */
const COPIES: ReadonlySet<string> = new Set(["kubectl.kubernetes.io/last-applied-configuration"]);

/**
 * An object as it may leave: without managedFields and copies of itself, of Secrets no more than keys and sizes, of
 * environment variables the names and references, and all texts redacted.
 */
export function redactObject(object: unknown, redact: Redact): unknown {
  return isRecord(object) && object["kind"] === "Secret" ? secretOf(object, redact) : walk(object, redact);
}

function walk(value: unknown, redact: Redact): unknown {
  if (typeof value === "string") return redact(value);
  if (Array.isArray(value)) return value.map((each) => walk(each, redact));
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).filter(([key]) => key !== "managedFields" && !COPIES.has(key));
  return Object.fromEntries(
    entries.map(([key, each]) => [key, key === "env" ? variables(each, redact) : walk(each, redact)]),
  );
}

function variables(value: unknown, redact: Redact): unknown {
  if (!Array.isArray(value)) return walk(value, redact);
  return value.map((each: unknown) =>
    isRecord(each) && "value" in each ? { ...each, value: REDACTED } : walk(each, redact)
  );
}

function secretOf(secret: Readonly<Record<string, unknown>>, redact: Redact): unknown {
  const { data, stringData: _dropped, ...rest } = secret;
  const keys = isRecord(data) ? Object.entries(data) : [];
  const sizes = keys.map(([key, value]) => [key, `${REDACTED}, ${sizeOf(value)} bytes`]);
  return {
    ...Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, walk(value, redact)])),
    data: Object.fromEntries(sizes),
  };
}

function sizeOf(value: unknown): number {
  return typeof value === "string" ? decode(value).length : 0;
}
