/** One base backup that the operator starts: which, and the scripts that start it and ask how it goes. */
import { createHash } from "node:crypto";

export interface BackupJob {
  /** The same job has the same id, whoever asks: it is never started twice in a member. */
  readonly id: string;
  readonly kind: "manual" | "scheduled";
  /** Value of the annotation, or the time that it was due. */
  readonly trigger: string;
}

export type JobState =
  | { readonly kind: "running" }
  | { readonly kind: "ended"; readonly isGood: boolean; readonly message: string }
  /** The container knows nothing of it. */
  | { readonly kind: "unknown" };

const HEX_DIGITS = 16;
/** Bytes of the log that are told. */
const TAIL = 300;

export function backupJob(kind: BackupJob["kind"], trigger: string): BackupJob {
  const id = createHash("sha256").update(`${kind} ${trigger}`).digest("hex").slice(0, HEX_DIGITS);
  return { id, kind, trigger };
}

/** Where a shell in the container finds a job: nothing of it outlives the container. */
export function folderOf({ id }: BackupJob): string {
  return `"\${TMPDIR:-/tmp}"/base_backup_${id}`;
}

/**
 * Starts a backup that goes on when the connection ends. A folder that can be made only once keeps it from being started
 * again by an operator that does not know of it.
 */
export function startScript(job: BackupJob, command: string): string {
  const folder = folderOf(job);
  const quoted =
    `( ${command} ) >${folder}/log 2>&1; echo $? >${folder}/code.new; mv ${folder}/code.new ${folder}/code`;
  return [
    `mkdir ${folder} 2>/dev/null || exit 0`,
    `nohup sh -c '${quoted.replaceAll("'", `'\\''`)}' </dev/null >/dev/null 2>&1 &`,
    `echo $! >${folder}/pid`,
  ].join("\n");
}

/** Asks how it goes. */
export function checkScript(job: BackupJob): string {
  const folder = folderOf(job);
  return [
    `if [ -e ${folder}/code ]; then`,
    `  echo "ended $(cat ${folder}/code)"; tail -c ${TAIL} ${folder}/log`,
    `elif [ -e ${folder}/pid ] && kill -0 "$(cat ${folder}/pid)" 2>/dev/null; then`,
    "  echo running",
    "else",
    // A process that ended without a code was killed with its log as it is; another start finds no folder.
    `  rm -rf ${folder}; echo unknown`,
    "fi",
  ].join("\n");
}

export function parseState(stdout: string): JobState {
  const [first = "", ...log] = stdout.split("\n");
  if (first === "running") return { kind: "running" };
  const code = /^ended (\d+)$/.exec(first)?.[1];
  if (code === undefined) return { kind: "unknown" };
  const isGood = code === "0";
  const said = log.join("\n").trim();
  return { kind: "ended", isGood, message: isGood ? "" : `It ended with code ${code}: ${said || "no word"}` };
}
