/** Plays the container of a member as far as backups go: an object store, the programs, and the server's own word. */
import type { ExecResult, PodExec } from "../../kube/exec.ts";

export interface PlayedBackups {
  readonly exec: PodExec;
  /** Names of base backups, the oldest first. */
  readonly taken: string[];
  /** Backups that were started, each with its command. */
  readonly started: string[];
  /** What a started backup does; it goes on until this resolves with a code. */
  work: () => Promise<number>;
  /** Why nothing can be listed. */
  fault: string | undefined;
  archiver: Record<string, string>;
}

const good = (stdout: string): ExecResult => ({ exitCode: 0, stdout, stderr: "" });

/** @param listOf what the program prints for these backups */
export function playBackups(listOf: (taken: readonly string[]) => unknown): PlayedBackups {
  const jobs = new Map<string, number | undefined>();
  const played: PlayedBackups = {
    taken: [],
    started: [],
    work: () => Promise.resolve(0),
    fault: undefined,
    archiver: { lastWal: "000000010000000000000001", lastTime: "2026-01-01T00:00:00Z" },
    exec: { run: ({ command }) => answer(command.at(-1) ?? "", command[0] ?? "") },
  };
  const answer = async (script: string, program: string): Promise<ExecResult> => {
    if (program === "psql") return good(JSON.stringify(played.archiver));
    const folder = /base_backup_\w+/.exec(script)?.[0];
    if (folder === undefined) return list();
    if (script.startsWith("mkdir")) return await start(folder, script);
    const code = jobs.get(folder);
    if (!jobs.has(folder)) return good("unknown\n");
    return good(code === undefined ? "running\n" : `ended ${code}\nsaid at the end\n`);
  };
  const list = (): ExecResult =>
    played.fault === undefined
      ? good(JSON.stringify(listOf(played.taken)))
      : { exitCode: 1, stdout: "", stderr: played.fault };
  const start = (folder: string, script: string): Promise<ExecResult> => {
    if (!jobs.has(folder)) {
      jobs.set(folder, undefined);
      played.started.push(script);
      void played.work().then((code) => {
        jobs.set(folder, code);
        if (code === 0) played.taken.push(new Date().toISOString());
      });
    }
    return Promise.resolve(good(""));
  };
  return played;
}
