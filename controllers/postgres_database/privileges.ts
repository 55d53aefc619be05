/**
 * What the words of a grant mean for tables, sequences and functions.
 *
 * | word                                      | on tables  | on sequences  | on functions                                 |
 * | ----------------------------------------- | ---------- | ------------- | -------------------------------------------- |
 * | SELECT                                    | itself     | SELECT        |                                              |
 * | INSERT                                    | itself     | USAGE (1)     |                                              |
 * | UPDATE                                    | itself     | USAGE, UPDATE |                                              |
 * | DELETE, TRUNCATE, REFERENCES, TRIGGER     | itself     |               |                                              |
 * | ALL                                       | all seven  | all three     |                                              |
 * | none needed                               |            |               | EXECUTE, where `allFunctions` asks for it    |
 *
 * (1) who inserts must be able to draw the next number.
 */
import type { DatabaseGrant, TablePrivilege } from "../../api/smoketurner/postgres_database/spec.ts";

const TABLE_WORDS = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"] as const;
const SEQUENCE_WORDS: Readonly<Record<TablePrivilege, readonly string[]>> = {
  SELECT: ["SELECT"],
  INSERT: ["USAGE"],
  UPDATE: ["USAGE", "UPDATE"],
  DELETE: [],
  TRUNCATE: [],
  REFERENCES: [],
  TRIGGER: [],
  ALL: ["USAGE", "SELECT", "UPDATE"],
};

type Scope = Pick<DatabaseGrant, "allTables" | "allSequences" | "allFunctions">;

/** Privileges that the role must have on every table of the schema. */
export function tablePrivileges(scope: Scope, words: readonly TablePrivilege[]): string[] {
  if (!scope.allTables) return [];
  return words.includes("ALL") ? [...TABLE_WORDS] : TABLE_WORDS.filter((word) => words.includes(word));
}

/** Privileges that the role must have on every sequence of the schema. */
export function sequencePrivileges(scope: Scope, words: readonly TablePrivilege[]): string[] {
  if (!scope.allSequences) return [];
  return [...new Set(words.flatMap((word) => SEQUENCE_WORDS[word]))].sort();
}

/** Privileges that the role must have on every function of the schema. */
export function functionPrivileges(scope: Scope): string[] {
  return scope.allFunctions ? ["EXECUTE"] : [];
}

/** Whether a grant names privileges that hold for nothing. */
export function holdsForNothing(grant: Scope, words: readonly TablePrivilege[]): boolean {
  return words.length > 0 && !grant.allTables && !grant.allSequences;
}
