import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { TRANSITIONS as OF_CLUSTERS } from "../../controllers/postgres_cluster/state_machine.ts";
import { TRANSITIONS as OF_UPGRADES } from "../../controllers/postgres_upgrade/phases.ts";

interface Transition {
  readonly from: string;
  readonly event: string;
  readonly to: string;
  readonly sentence: string;
}

/** Rows of the first table of a page, without its head, each cell trimmed. */
function rowsOf(page: string): string[] {
  const text = Deno.readTextFileSync(fileURLToPath(new URL(`../../docs/${page}`, import.meta.url)));
  const lines = text.split("\n");
  const first = lines.findIndex((line) => line.startsWith("|"));
  const end = lines.findIndex((line, at) => at > first && !line.startsWith("|"));
  return lines.slice(first + 2, end).map((line) => line.split("|").map((cell) => cell.trim()).join("|"));
}

function asRows(transitions: readonly Transition[]): string[] {
  return transitions.map(({ from, event, to, sentence }) => `|${from}|${event}|${to}|${sentence}|`);
}

Deno.test("the pages for users show the transitions that the code makes, in its order", () => {
  assert.deepEqual(rowsOf("postgres-cluster.md"), asRows(OF_CLUSTERS));
  assert.deepEqual(rowsOf("postgres-upgrade.md"), asRows(OF_UPGRADES));
});
