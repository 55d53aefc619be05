/** Names and texts inside SQL, where values cannot be bound: PostgreSQL takes no parameters in definitions. */

/** Longest name in bytes (NAMEDATALEN - 1). The server cuts a longer one without a word. */
const LONGEST_NAME_BYTES = 63;

/** Why a text cannot be the name of anything in PostgreSQL; undefined when it can. */
export function objectionToName(name: string): string | undefined {
  if (name === "") return "it is empty";
  if (name.includes("\0")) return "it contains the character NUL";
  if (!name.isWellFormed()) return "it is no valid Unicode";
  const bytes = new TextEncoder().encode(name).length;
  return bytes > LONGEST_NAME_BYTES
    ? `it has ${bytes} bytes, and ${LONGEST_NAME_BYTES} are allowed`
    : undefined;
}

/**
 * A name for use in SQL, whatever characters it has: `a"b` becomes `"a""b"`.
 * @throws TypeError for what cannot be a name: see {@link objectionToName}
 */
export function quoteIdentifier(name: string): string {
  const objection = objectionToName(name);
  if (objection !== undefined) {
    throw new TypeError(`Cannot name anything ${JSON.stringify(name)} as ${objection}`);
  }
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * A text for use in SQL. It means the same whatever `standard_conforming_strings` says, as one with backslashes is written
 * in the form that has them escaped.
 * @throws TypeError for a text with NUL, which PostgreSQL cannot hold
 */
export function quoteLiteral(text: string): string {
  if (text.includes("\0")) throw new TypeError("Cannot write a text with the character NUL in SQL");
  const quoted = `'${text.replaceAll("'", "''").replaceAll("\\", "\\\\")}'`;
  return text.includes("\\") ? ` E${quoted}` : quoted;
}
