/** How text is shown: colours and width, where there is a terminal. */

export interface Style {
  /** Columns of the terminal; undefined where there is none, and lines are then as long as they are. */
  readonly columns: number | undefined;
  readonly colours: boolean;
}

export type Tone = "good" | "bad" | "doubtful" | "plain" | "heading" | "faint";

/** ANSI: select graphic rendition. */
const CODES: Readonly<Record<Tone, string>> = {
  good: "32",
  bad: "31",
  doubtful: "33",
  plain: "",
  heading: "1",
  faint: "2",
};

export function toned(text: string, tone: Tone, { colours }: Style): string {
  const code = CODES[tone];
  return !colours || code === "" || text === "" ? text : `\u001b[${code}m${text}\u001b[0m`;
}

const GOOD: ReadonlySet<string> = new Set(["Healthy", "Running", "Ready", "Completed", "healthy", "working"]);
const BAD: ReadonlySet<string> = new Set(["Degraded", "Failed", "unhealthy", "quarantined"]);

/** Tone of a phase, or of another word that tells how something is. */
export function toneOf(word: string): Tone {
  if (GOOD.has(word)) return "good";
  return BAD.has(word) ? "bad" : "doubtful";
}

/** One line of text from elsewhere, without the characters that would move the cursor or colour the terminal. */
export function harmless(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, " ").trim();
}

/** The text, cut to a width; what was cut is shown by an ellipsis. */
export function cut(text: string, width: number | undefined): string {
  if (width === undefined || text.length <= width) return text;
  return `${text.slice(0, Math.max(0, width - 1))}…`;
}
