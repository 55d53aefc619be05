/**
 * Runs the tests: `deno task test [FILE or FOLDER ...] [--flag-of-deno-test ...]`.
 *
 * Brings up what the selected groups need, runs one group after another, each with its own narrow permissions, takes
 * everything down again, tells once more what failed, and ends with one line: `N passed, N failed`.
 *
 * Exit codes: 0 when all tests pass, 1 when one fails or what they need could not be brought up, 2 when this machine cannot
 * carry the nodes that they need, so that none ran.
 */
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { requireNode } from "./ground/build.ts";
import { groundVariable } from "./ground/ground.ts";
import { type GuardedProcess, spawnGuarded, temporaryFolder } from "./ground/guard.ts";
import { NodesImpossibleError } from "./ground/nodes/real_cluster.ts";
import { prepareGround } from "./ground/prepare.ts";
import { onEnd } from "./ground/signals.ts";
import { findTests } from "./runner/files.ts";
import { type Group, groupOf, groups, ignoredVariables, type Surroundings } from "./runner/groups.ts";
import { add, failed, noTests, summary, type Tally, tallyOf, told } from "./runner/tally.ts";

const repository = dirname(dirname(fileURLToPath(import.meta.url)));

async function main(args: readonly string[]): Promise<number> {
  const flags = args.filter((arg) => arg.startsWith("-") && arg !== "--");
  const selection = args.filter((arg) => !arg.startsWith("-"));
  const files = await findTests(repository, selection);
  const chosen = groups.filter((group) =>
    filesOf(group, files).length > 0 && (!group.onRequest || selection.some((name) => names(name, group)))
  );
  await requireNode();
  await using stack = new AsyncDisposableStack();
  const scratch = stack.use(await temporaryFolder("matriarch-test-"));
  let running: GuardedProcess | undefined;
  using signals = onEnd(async () => {
    await running?.stop("SIGTERM");
    await stack.disposeAsync();
  });
  const needs = new Set(chosen.flatMap((group) => group.needs));
  const prepared = stack.use(await prepareGround(needs, console.log));
  const descriptionPath = join(scratch.path, "ground.json");
  await Deno.writeTextFile(descriptionPath, JSON.stringify(prepared.description), { mode: 0o600 });
  const around: Surroundings = {
    repository,
    ground: prepared.description,
    groundFolders: [scratch.path, ...prepared.folders],
  };
  let total = noTests;
  for (const group of chosen) {
    const own = filesOf(group, files);
    console.log(`\n== ${group.name}: ${own.length} ${own.length === 1 ? "file" : "files"}`);
    const report = join(scratch.path, `${group.name}.xml`);
    running = spawnGuarded({
      program: Deno.execPath(),
      args: [
        "test",
        ...(group.inTurn ? [] : ["--parallel"]),
        "--no-prompt",
        // Tests that look for leaks compare what is left after a collection.
        "--v8-flags=--expose-gc",
        `--junit-path=${report}`,
        ignoredVariables,
        ...group.permissions(around),
        ...flags,
        ...own,
      ],
      cwd: repository,
      env: { [groundVariable]: descriptionPath },
    });
    const { success } = await running.ended;
    await signals.leaveItTo();
    total = add(total, await readTally(group, report, success));
  }
  const refused = await prepared.refusals();
  if (refused.length > 0) {
    total = add(
      total,
      failed({ name: "the operator lacks rights (manifests/rbac/rights.ts)", text: refused.join("\n") }),
    );
  }
  await stack.disposeAsync();
  if (total.failures.length > 0) console.log(`\n${told(total.failures)}`);
  console.log(`\n${summary(total)}`);
  return total.failed === 0 ? 0 : 1;
}

/** Whether a selection names a group's own folder or a file in it, and not just a folder around it. */
function names(selected: string, group: Group): boolean {
  return group.owns(`${relative(repository, resolve(repository, selected))}/`);
}

function filesOf(group: Group, files: readonly string[]): string[] {
  return files.filter((file) => groupOf(repository, file) === group);
}

async function readTally(group: Group, path: string, success: boolean): Promise<Tally> {
  const report = await Deno.readTextFile(path).catch(() => undefined);
  return tallyOf(group.name, report, success);
}

try {
  Deno.exit(await main(Deno.args));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  if (error instanceof NodesImpossibleError) Deno.exit(2);
  console.log(`\n${summary({ ...noTests, failed: 1 })}`);
  Deno.exit(1);
}
