/** Values of an answer's columns, read as what the question asked for. */
import type { Row } from "./sql_client.ts";

/** @throws TypeError when the column is no text: the question was wrong */
export function textAt(row: Row, column: string): string {
  return optionalTextAt(row, column) ?? mistaken(row, column, "a text");
}

/** @returns undefined for NULL */
export function optionalTextAt(row: Row, column: string): string | undefined {
  const value = row[column];
  if (value === null) return undefined;
  return typeof value === "string" ? value : mistaken(row, column, "a text or NULL");
}

export function flagAt(row: Row, column: string): boolean {
  const value = row[column];
  return typeof value === "boolean" ? value : mistaken(row, column, "true or false");
}

/** An integer of up to four bytes: larger ones arrive as texts. */
export function numberAt(row: Row, column: string): number {
  const value = row[column];
  return typeof value === "number" ? value : mistaken(row, column, "a number");
}

function mistaken(row: Row, column: string, expected: string): never {
  throw new TypeError(`Cannot read column "${column}" as ${expected}: it is ${typeof row[column]}`);
}
