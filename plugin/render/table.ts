/** Tables in plain text. */
import { cut, harmless, type Style, type Tone, toned } from "./style.ts";

/** A cell; text alone is plain. */
export type TableCell = string | { readonly text: string; readonly tone: Tone };

/** Two blanks stand between columns, as kubectl does. */
const GAP = "  ";

/** Columns in which every row has nothing are left out. The last column alone is cut to the terminal's width. */
export function table(
  heads: readonly string[],
  rows: readonly (readonly TableCell[])[],
  style: Style,
): string {
  if (rows.length === 0) return "";
  const kept = heads.map((_, at) => at).filter((at) => rows.some((row) => textOf(row[at]) !== ""));
  const widths = kept.map((at) =>
    Math.max(heads[at]?.length ?? 0, ...rows.map((row) => textOf(row[at]).length))
  );
  const line = (cells: readonly (TableCell | undefined)[]) => lineOf(cells, widths, style);
  const head = line(kept.map((at): TableCell => ({ text: heads[at] ?? "", tone: "heading" })));
  return [head, ...rows.map((row) => line(kept.map((at) => row[at])))].map((each) => `${each}\n`).join("");
}

function lineOf(
  cells: readonly (TableCell | undefined)[],
  widths: readonly number[],
  style: Style,
): string {
  let used = 0;
  const last = cells.length - 1;
  return cells.map((cell, at) => {
    const room = style.columns === undefined ? undefined : style.columns - used;
    const text = at === last ? cut(textOf(cell), room) : textOf(cell).padEnd(widths[at] ?? 0);
    used += text.length + GAP.length;
    return toned(text, toneIn(cell), style);
  }).join(GAP).trimEnd();
}

function textOf(cell: TableCell | undefined): string {
  return harmless(typeof cell === "string" ? cell : cell?.text ?? "");
}

function toneIn(cell: TableCell | undefined): Tone {
  return typeof cell === "object" ? cell.tone : "plain";
}
