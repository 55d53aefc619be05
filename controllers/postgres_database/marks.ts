/**
 * Whose a database or role is, and whether it was made for its owner: the end of its comment in PostgreSQL. What the server
 * holds is then known from the server alone, and goes the way of the data through restores and upgrades. A mark is written
 * in the same transaction as the thing itself, so nothing is ever made that nobody knows to be ours.
 *
 * Comments may be changed by superusers, and that of a database by its owner, who could drop it as well. A mark that is
 * lost makes the thing nobody's: it is never dropped then.
 */

export interface Mark {
  readonly namespace: string;
  readonly name: string;
  /** UID of the PostgresDatabase. */
  readonly uid: string;
  /** Made for it; otherwise it was there before, and is never dropped. */
  readonly made: boolean;
}

const FORM = /\s*\[PostgresDatabase ([a-z0-9-]+)\/([a-z0-9.-]+) ([0-9a-f-]{36}) (made|adopted)\]$/;

/** The mark in a comment; undefined without one. */
export function markOf(comment: string | undefined): Mark | undefined {
  const [, namespace, name, uid, how] = FORM.exec(comment ?? "") ?? [];
  if (namespace === undefined || name === undefined || uid === undefined) return undefined;
  return { namespace, name, uid, made: how === "made" };
}

/** The comment with this mark in place of any other. */
export function withMark(comment: string | undefined, { namespace, name, uid, made }: Mark): string {
  const mark = `[PostgresDatabase ${namespace}/${name} ${uid} ${made ? "made" : "adopted"}]`;
  const rest = withoutMark(comment);
  return rest === "" ? mark : `${rest} ${mark}`;
}

/** What else the comment says. */
export function withoutMark(comment: string | undefined): string {
  return (comment ?? "").replace(FORM, "");
}
