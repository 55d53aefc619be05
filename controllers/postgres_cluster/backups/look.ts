/** What a member tells of backups: which there are, and whether the log arrives. */
import type { ExecResult, PodExec } from "../../../kube/exec.ts";
import type { Member } from "../members.ts";
import { type Cluster, namespaceOf, POSTGRES_CONTAINER } from "../shape.ts";
import { type Archiver, archiverCommand, isHealthy, parseArchiver } from "./archiver.ts";
import type { BackupEngine, BaseBackup } from "./engine.ts";

export interface BackupReport {
  /** From the oldest to the newest; undefined when they could not be listed. */
  readonly backups: readonly BaseBackup[] | undefined;
  readonly listError?: string;
  /** Undefined when the server did not say. */
  readonly archiver: Archiver | undefined;
  readonly archiverError?: string;
}

/** Time for one command in a member, in milliseconds. */
const COMMAND_MS = 30_000;

/** What of a list is news; of the log only that it goes on, every ten minutes. */
export function digestOf({ backups, listError, archiver, archiverError }: BackupReport): string {
  const tenMinutes = archiver?.lastTime?.slice(0, "2026-01-01T00:0".length);
  const healthy = archiver === undefined ? undefined : isHealthy(archiver);
  return JSON.stringify([backups, listError, archiverError, healthy, tenMinutes]);
}

/** A command in the container of a member. */
export type InMember = (command: readonly string[], signal: AbortSignal) => Promise<ExecResult>;

export function inMember(cluster: Cluster, { name }: Pick<Member, "name">, exec: PodExec): InMember {
  return (command, signal) =>
    exec.run({
      namespace: namespaceOf(cluster),
      pod: name,
      container: POSTGRES_CONTAINER,
      command,
      timeoutMs: COMMAND_MS,
      signal,
    });
}

/** @throws Error with what the command says, when it does not end well. */
export async function outputOf(
  run: InMember,
  command: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const { exitCode, stdout, stderr } = await run(command, signal);
  if (exitCode === 0) return stdout;
  throw new Error(
    `Command ended with code ${exitCode}: ${(stderr || stdout).trim().slice(-300) || "no word"}`,
  );
}

/** One look. What fails is told in the report. @throws Error when it is cut short */
export async function lookAtBackups(
  run: InMember,
  engine: BackupEngine,
  signal: AbortSignal,
): Promise<BackupReport> {
  const list = async () => engine.parse(await outputOf(run, ["sh", "-c", engine.list], signal)).sort(byTime);
  const ask = async () => parseArchiver(await outputOf(run, archiverCommand, signal));
  const [backups, archiver] = await Promise.all([attempt(list, signal), attempt(ask, signal)]);
  return {
    backups: backups.value,
    ...(backups.error === undefined ? {} : { listError: backups.error }),
    archiver: archiver.value,
    ...(archiver.error === undefined ? {} : { archiverError: archiver.error }),
  };
}

interface Attempt<T> {
  readonly value: T | undefined;
  readonly error?: string;
}

async function attempt<T>(work: () => Promise<T>, signal: AbortSignal): Promise<Attempt<T>> {
  try {
    return { value: await work() };
  } catch (error) {
    signal.throwIfAborted();
    return { value: undefined, error: error instanceof Error ? error.message : String(error) };
  }
}

function byTime(a: BaseBackup, b: BaseBackup): number {
  return a.time < b.time ? -1 : a.time > b.time ? 1 : 0;
}
