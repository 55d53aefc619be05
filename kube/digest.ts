import { createHash } from "node:crypto";

/** SHA-256 of a value as JSON, in base64: it stands for the value, and takes 44 characters. */
export function digestOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("base64");
}
