/** The commands of `kubectl matriarch`, and how it answers when it was told something else. */
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
import { UsageError } from "../cli/usage_error.ts";
import { VERSION } from "../cli/version.ts";
import { status, type StatusFlags, statusParameters } from "./commands/status.ts";
import { EXIT, oneLine } from "./exit.ts";
import { TooLateError } from "./plugin_error.ts";
import { explain } from "./session.ts";
import type { Surroundings } from "./surroundings.ts";

/** What the completion scripts call the plugin with: the words so far. */
export const COMPLETE = "__complete";

/** Runs one command line and returns the exit code. */
export async function pluginLine(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { stdout, stderr } = surroundings;
  // An own object keeps the library from looking at the real environment.
  const process: { exitCode?: number; stdout: Output; stderr: Output; env: Record<string, string> } = {
    stdout,
    stderr,
    env: {},
  };
  const app = buildApp(surroundings);
  if (args[0] === COMPLETE) {
    const proposals = await proposeCompletions(app, args.slice(1), { process });
    stdout.write(proposals.map(({ completion }) => `${completion}\n`).join(""));
    return EXIT.done;
  }
  await runApplication(app, separated(args), { process });
  const code = process.exitCode ?? EXIT.done;
  // The library has negative codes of its own, all of them for a command line that it cannot follow.
  return code < 0 ? EXIT.usage : code;
}

type Output = Surroundings["stderr"];

/** `-ojson` and `-nshop`, which kubectl takes, as the library takes them; what stands behind `--` is left as it is. */
export function separated(args: readonly string[]): string[] {
  const end = args.indexOf("--");
  const own = end < 0 ? args : args.slice(0, end);
  const split = own.flatMap((arg) => {
    const match = /^-([no])=?([^-=].*)$/.exec(arg);
    return match === null ? [arg] : [`-${match[1]}`, match[2] ?? ""];
  });
  return end < 0 ? split : [...split, ...args.slice(end)];
}

function buildApp(surroundings: Surroundings): Application<CommandContext> {
  const routes = {
    status: buildCommand({
      docs: { brief: "Show a cluster in full, or all clusters in one line each" },
      parameters: statusParameters,
      func: async function (this: CommandContext, flags: StatusFlags, name?: string) {
        await end(this, () => status(flags, name, surroundings));
      },
    }),
    version: buildCommand({
      docs: { brief: "Print the version" },
      parameters: {},
      func: function (this: CommandContext) {
        this.process.stdout.write(`kubectl-matriarch ${VERSION}\n`);
      },
    }),
  };
  return buildApplication(
    buildRouteMap({ routes, docs: { brief: "Looks after the PostgreSQL clusters of Matriarch" } }),
    {
      name: "kubectl matriarch",
      scanner: { caseStyle: "original", allowArgumentEscapeSequence: true },
      documentation: { caseStyle: "original", useAliasInUsageLine: false, disableAnsiColor: true },
      localization: { text: texts },
      determineExitCode: exitCodeOf,
    },
  );
}

/** Does the work of a command; its code becomes that of the process. */
async function end(context: CommandContext, work: () => Promise<number>): Promise<void> {
  try {
    Object.assign(context.process, { exitCode: await work() });
  } catch (error) {
    throw explain(error);
  }
}

function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT.usage;
  return error instanceof TooLateError ? EXIT.tooLate : EXIT.failed;
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
    return `Cannot use ${name} as ${describe(exception)}: current value is ${JSON.stringify(input)}`;
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
