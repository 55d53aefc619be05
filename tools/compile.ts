/**
 * Puts the program into one file, `dist/matriarch`, with the permissions of the image baked in (`deno task compile`). The
 * base that it is written onto comes from the internet, unless `DENORT_BIN` names it or Deno has it already.
 */
import { join } from "node:path";
import { repository } from "../tests/ground/operator.ts";
import { engineFlags } from "./image/engine.ts";
import { entrypoint } from "./image/entrypoint.ts";
import { tryProgram } from "./image/shell.ts";

/** Flags of `deno run` that `deno compile` has no use for. */
const runOnly = new Set(["--quiet", "--no-prompt", "--no-config", "--no-remote", "--no-npm"]);

const config: unknown = JSON.parse(await Deno.readTextFile(join(repository, "deno.json")));
const flags = entrypoint(config).filter((word) => word.startsWith("--") && !runOnly.has(word))
  .map((flag) => flag.startsWith("--allow-read=") ? flag.replace("=/app,", "=") : flag);
const target = join(repository, "dist", "matriarch");
const { success, stderr } = await tryProgram(
  Deno.execPath(),
  "compile",
  "--quiet",
  "--no-prompt",
  `--v8-flags=${engineFlags}`,
  ...flags,
  `--output=${target}`,
  "--include=webhook/worker.ts",
  "--include=webhook/pki/worker.ts",
  "main.ts",
);
if (!success) {
  const base = /denort|dl\.deno\.land|download/i.test(stderr);
  console.error(
    base
      ? "Cannot compile as Deno's base binary (denort) cannot be fetched: set DENORT_BIN to it, or use `deno task image`"
      : `Cannot compile: ${stderr.trim()}`,
  );
  Deno.exit(1);
}
console.log(target);
