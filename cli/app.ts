/** The commands: what the program can be told to do, and how it answers when it was told something else. */
import {
  type Application,
  type ApplicationText,
  ArgumentParseError,
  ArgumentScannerError,
  buildApplication,
  buildCommand,
  buildRouteMap,
  type CommandContext,
  EnumValidationError,
  formatMessageForArgumentScannerError,
  proposeCompletions,
  run as runApplication,
  text_en,
} from "@stricli/core";
import { EXIT, oneLine } from "./exit.ts";
import { type GcFlags, gcFlags, gcFlagShapes, type GcOptions, gcOptions } from "./gc_flags.ts";
import { normaliseGoFlags } from "./go_flags.ts";
import { type Environment, resolveOptions, type RunOptions } from "./options.ts";
import { type RunFlags, runFlags, runFlagShapes } from "./run_flags.ts";
import type { Output } from "./streams.ts";
import { UsageError } from "./usage_error.ts";

/** What each command does. A command's module, and all that it needs, is loaded when it is called. */
export interface Commands {
  /** Works until it is told to stop; returns the exit code. */
  run(options: RunOptions): Promise<number>;
  /** Deletes claims whose time is over; returns the exit code. */
  gc(options: GcOptions): Promise<number>;
  /** All CustomResourceDefinitions as YAML. */
  crds(): Promise<string>;
  /** The script that teaches bash our completions. */
  completion(): Promise<string>;
}

/** What the program sees of the world around it. */
export interface Surroundings {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Environment;
}

/** Runs one command line and returns the exit code. */
export async function commandLine(
  args: readonly string[],
  commands: Commands,
  { stdout, stderr, env }: Surroundings,
): Promise<number> {
  const app = buildApp(commands, env);
  // An own object keeps the library from looking at the real environment.
  const process: { exitCode?: number; stdout: Output; stderr: Output; env: Record<string, string> } = {
    stdout,
    stderr,
    env: {},
  };
  if (args[0] === COMPLETE) {
    const proposals = await proposeCompletions(app, args.slice(1), { process });
    stdout.write(proposals.map(({ completion }) => `${completion}\n`).join(""));
    return EXIT.done;
  }
  await runApplication(app, prepare(args), { process });
  return exitCode(process.exitCode ?? EXIT.done);
}

/** What the completion script calls the program with: the words so far. */
export const COMPLETE = "__complete";

/**
 * Flags without a command in front of them are flags of `run`, as installations pass them; and those of `run` may be
 * written in any of Go's ways.
 */
function prepare(args: readonly string[]): string[] {
  const [first] = args;
  if (first === "gc") return ["gc", ...normaliseGoFlags(args.slice(1), gcFlagShapes)];
  const isRun = first === "run";
  const bare = first !== undefined && first.startsWith("-") && !HELP.has(first);
  if (!isRun && !bare) return [...args];
  return ["run", ...normaliseGoFlags(isRun ? args.slice(1) : args, runFlagShapes)];
}

const HELP: ReadonlySet<string> = new Set(["-h", "--help", "--help-all", "--helpAll"]);

function buildApp(commands: Commands, env: Environment): Application<CommandContext> {
  const routes = {
    run: buildCommand({
      docs: { brief: "Run the operator until it is told to stop" },
      parameters: { flags: runFlags },
      func: async function (this: CommandContext, flags: RunFlags) {
        setExitCode(this, await commands.run(resolveOptions(flags, env)));
      },
    }),
    gc: buildCommand({
      docs: { brief: "Delete claims that shards left behind, when their time is over" },
      parameters: { flags: gcFlags },
      func: async function (this: CommandContext, flags: GcFlags) {
        setExitCode(this, await commands.gc(gcOptions(flags, env)));
      },
    }),
    crds: buildCommand({
      docs: { brief: "Print the CustomResourceDefinitions, for kubectl apply --server-side -f -" },
      parameters: {},
      func: async function (this: CommandContext) {
        this.process.stdout.write(await commands.crds());
      },
    }),
    version: buildCommand({
      docs: { brief: "Print the version" },
      parameters: {},
      func: async function (this: CommandContext) {
        const { VERSION } = await import("./version.ts");
        this.process.stdout.write(`matriarch ${VERSION}\n`);
      },
    }),
    completion: buildCommand({
      docs: { brief: "Print a script that teaches bash the commands and flags" },
      parameters: {},
      func: async function (this: CommandContext) {
        this.process.stdout.write(await commands.completion());
      },
    }),
  };
  return buildApplication(
    buildRouteMap({ routes, docs: { brief: "Runs PostgreSQL clusters on Kubernetes" } }),
    {
      name: "matriarch",
      scanner: { caseStyle: "original" },
      documentation: { caseStyle: "original", useAliasInUsageLine: false, disableAnsiColor: true },
      localization: { text: texts },
      determineExitCode: (error) => error instanceof UsageError ? EXIT.usage : EXIT.failed,
    },
  );
}

function setExitCode(context: CommandContext, code: number): void {
  Object.assign(context.process, { exitCode: code });
}

/** The library has negative codes of its own, all of them for a command line that it cannot follow. */
function exitCode(code: number | string): number {
  return typeof code === "number" && code >= 0 ? code : EXIT.usage;
}

const texts: ApplicationText = {
  ...text_en,
  noCommandRegisteredForInput: ({ input, corrections }) => {
    const meant = corrections.length === 0 ? "" : `; did you mean ${corrections.join(" or ")}?`;
    return oneLine(`Cannot run "${input}" as there is no such command${meant}`).trimEnd();
  },
  exceptionWhileParsingArguments: (error) => oneLine(describeArguments(error)).trimEnd(),
  exceptionWhileRunningCommand: (error) => oneLine(describe(error)).trimEnd(),
  exceptionWhileLoadingCommandFunction: (error) => oneLine(describe(error)).trimEnd(),
};

function describeArguments(error: unknown): string {
  if (error instanceof ArgumentParseError) {
    const { externalFlagNameOrPlaceholder: name, input, exception } = error;
    return `Cannot use --${name} as ${describe(exception)}: current value is ${JSON.stringify(input)}`;
  }
  if (error instanceof EnumValidationError) {
    const { externalFlagName: name, input, values } = error;
    return `Cannot use --${name} as its value is one of ${values.join(", ")}: current value is ${
      JSON.stringify(input)
    }`;
  }
  if (!(error instanceof ArgumentScannerError)) return describe(error);
  return `Cannot follow the command line: ${formatMessageForArgumentScannerError(error, {})}`;
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
