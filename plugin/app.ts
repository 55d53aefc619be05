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
import { backup, type BackupFlags, backupParameters } from "./commands/backup.ts";
import { completion, type Shell, SHELLS } from "./commands/completion.ts";
import { install, type InstallFlags, installParameters } from "./commands/install.ts";
import { logs, type LogsFlags, logsParameters } from "./commands/logs.ts";
import { promote, type PromoteFlags, promoteParameters } from "./commands/promote.ts";
import { psql, type PsqlFlags, psqlParameters } from "./commands/psql.ts";
import { report, type ReportFlags, reportParameters } from "./commands/report.ts";
import { restart, type RestartFlags, restartParameters } from "./commands/restart.ts";
import { status, type StatusFlags, statusParameters } from "./commands/status.ts";
import { COMPLETE } from "./complete.ts";
import { EXIT, oneLine } from "./exit.ts";
import { TooLateError } from "./plugin_error.ts";
import { explain } from "./session.ts";
import type { Surroundings } from "./surroundings.ts";

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
    promote: buildCommand({
      docs: { brief: "Have a pod lead, in good order" },
      parameters: promoteParameters,
      func: async function (this: CommandContext, flags: PromoteFlags, pod: string) {
        await end(this, () => promote(flags, pod, surroundings));
      },
    }),
    restart: buildCommand({
      docs: { brief: "Restart all instances of a cluster, one after another" },
      parameters: restartParameters,
      func: async function (this: CommandContext, flags: RestartFlags, name: string) {
        await end(this, () => restart(flags, name, surroundings));
      },
    }),
    backup: buildCommand({
      docs: { brief: "Take a backup now, and tell how it ended" },
      parameters: backupParameters,
      func: async function (this: CommandContext, flags: BackupFlags, name: string) {
        await end(this, () => backup(flags, name, surroundings));
      },
    }),
    psql: buildCommand({
      docs: { brief: "Open a session with the primary; arguments of psql follow --" },
      parameters: psqlParameters,
      func: async function (this: CommandContext, flags: PsqlFlags, ...words: string[]) {
        await end(this, () => psql(flags, words, surroundings));
      },
    }),
    logs: buildCommand({
      docs: { brief: "Show the logs of a cluster's instances, or of the operator" },
      parameters: logsParameters,
      func: async function (this: CommandContext, flags: LogsFlags, name?: string) {
        await end(this, () => logs(flags, name, surroundings));
      },
    }),
    report: buildCommand({
      docs: { brief: "Put what somebody who helps has to see into one file, without secrets" },
      parameters: reportParameters,
      func: async function (this: CommandContext, flags: ReportFlags, name: string) {
        await end(this, () => report(flags, name, surroundings));
      },
    }),
    ...programRoutes(surroundings),
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

/** What concerns the operator and the plugin, rather than a cluster. */
function programRoutes(surroundings: Surroundings) {
  return {
    install: buildCommand({
      docs: { brief: "Install the operator of this version, or print its manifest" },
      parameters: installParameters,
      func: async function (this: CommandContext, flags: InstallFlags) {
        await end(this, () => install(flags, surroundings));
      },
    }),
    completion: buildCommand({
      docs: { brief: "Print a script that teaches a shell the commands and flags" },
      parameters: completionParameters,
      func: function (this: CommandContext, _flags: Record<never, never>, shell: Shell) {
        this.process.stdout.write(completion(shell));
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
}

const completionParameters = {
  positional: {
    kind: "tuple",
    parameters: [{
      brief: `Shell: ${SHELLS.join(", ")}`,
      placeholder: "shell",
      parse: shellOf,
      proposeCompletions: (partial: string) => SHELLS.filter((shell) => shell.startsWith(partial)),
    }],
  },
} as const;

/** @throws UsageError */
function shellOf(text: string): Shell {
  const shell = SHELLS.find((each) => each === text);
  if (shell === undefined) throw new UsageError(`it is one of ${SHELLS.join(", ")}`);
  return shell;
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
