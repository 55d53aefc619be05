/** Tables for a terminal. */
import { reached, type Row, type Table } from "./benchmark.ts";

/** Notes may be longer than that. */
const longestRule = 100;

/** Columns of numbers stand right. */
const right = new Set([1, 2]);

/** A table as lines of text: figure, value, target, whether it was reached. */
export function render(table: Table): string {
  const head = ["", "measured", table.rows.some((row) => row.target !== undefined) ? "target" : "", "", ""];
  const body = table.rows.map((
    row,
  ) => [row.what, valueOf(row), targetOf(row), verdictOf(row), row.note ?? ""]);
  const rows = [head, ...body];
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row.map((cell, column) => aligned(cell, column, widths[column] ?? 0)).join("").trimEnd()
  );
  const rule = "-".repeat(Math.min(longestRule, Math.max(...lines.map((line) => line.length))));
  return [table.title, rule, ...lines, rule].join("\n");
}

/** A column without content takes no room. */
function aligned(cell: string, column: number, width: number): string {
  if (width === 0) return "";
  return `${right.has(column) ? cell.padStart(width) : cell.padEnd(width)}  `;
}

function valueOf({ value, unit }: Row): string {
  return withUnit(round(value), unit);
}

function targetOf({ target, unit }: Row): string {
  if (target === undefined) return "";
  const sign = target.is === "at least" ? ">=" : "<=";
  return `${sign} ${withUnit(round(target.limit), unit)}`;
}

function verdictOf(row: Row): string {
  const kept = reached(row);
  return kept === undefined ? "" : kept ? "reached" : "MISSED";
}

function withUnit(number: string, unit: string): string {
  return unit === "" ? number : `${number} ${unit}`;
}

/** Three digits that mean something are enough. */
function round(value: number): string {
  if (Number.isInteger(value) || Math.abs(value) >= 100) return String(Math.round(value));
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}
