/**
 * Child processes that cannot outlive us.
 *
 * A test run may end by SIGKILL, which no handler sees. So each child starts as a POSIX shell that leaves a watcher
 * behind and then becomes the real program (same pid, so signals reach it directly). The watcher reads a pipe whose
 * other end only this process holds: end of file means that we are gone, and it kills the whole process group. A line
 * on the pipe means that the program has ended by itself and its pid may already belong to a stranger.
 *
 * Needs nothing but `sh`. Each child leads a process group of its own, so that Ctrl-C on a terminal reaches us alone
 * and we decide in which order things end.
 */

const guardScript = `
exec 3<&0
log=$1; shift
( if read -r _ <&3; then exit 0; fi; kill -KILL -- -$$ || kill -KILL $$ ) >/dev/null 2>&1 &
if [ -n "$log" ]; then exec >>"$log" 2>&1; fi
exec "$@" </dev/null 3<&-
`;

const keeperScript = `
if read -r _; then exit 0; fi
for attempt in 1 2 3 4 5 6 7 8 9 10; do rm -rf -- "$1" 2>/dev/null; [ -e "$1" ] || exit 0; sleep 0.3; done
`;

/** A signal reaches the threads of a busy program one after the other: it waits for all of them, 10 seconds at most. */
const freezeScript = `
kill -s STOP "$1" || exit 1
for attempt in $(seq 1000); do
  grep -L "^State:.T" "/proc/$1"/task/*/status 2>/dev/null | grep -q . || exit 0
  sleep 0.01
done
exit 1
`;

/** What to run, and how. */
export interface GuardedCommand {
  readonly program: string;
  readonly args: readonly string[];
  /** Standard output and error are appended to this file; they are ours when it is absent. */
  readonly log?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** A running child. */
export interface GuardedProcess {
  readonly pid: number;
  readonly log: string | undefined;
  /** Resolves when the process has ended, however it ended. */
  readonly ended: Promise<Deno.CommandStatus>;
  /** True until the process has ended. */
  running(): boolean;
  /** Sends a signal; does nothing when the process has ended. */
  signal(signal: Deno.Signal): void;
  /**
   * Stops every thread (SIGSTOP); connections stay open and nothing answers. `SIGCONT` lets it go on.
   * @throws Error when it cannot be stopped, or has ended.
   */
  freeze(): Promise<void>;
  /** Sends `signal`, waits `graceMs` milliseconds, then kills; resolves when the process is gone. */
  stop(signal?: Deno.Signal, graceMs?: number): Promise<void>;
}

/**
 * Starts a program under a guard.
 * @throws Deno.errors.NotCapable without the permission to run `sh`.
 */
export function spawnGuarded(command: GuardedCommand): GuardedProcess {
  const child = new Deno.Command("sh", {
    args: ["-c", guardScript, "guard", command.log ?? "", command.program, ...command.args],
    stdin: "piped",
    stdout: "inherit",
    stderr: "inherit",
    detached: true,
    ...(command.env === undefined ? {} : { env: { ...command.env } }),
    ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
  }).spawn();
  let alive = true;
  const ended = child.status.then(async (status) => {
    alive = false;
    await release(child.stdin);
    return status;
  });
  const signal = (name: Deno.Signal): void => {
    if (alive) child.kill(name);
  };
  return {
    pid: child.pid,
    log: command.log,
    ended,
    running: () => alive,
    signal,
    async freeze() {
      const freezing = new Deno.Command("sh", { args: ["-c", freezeScript, "freeze", String(child.pid)] });
      if (!alive || !(await freezing.output()).success) throw new Error(`Cannot freeze ${command.program}`);
    },
    async stop(name = "SIGKILL", graceMs = 5000) {
      signal(name);
      const timer = setTimeout(() => signal("SIGKILL"), graceMs);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** A folder that is removed when it is disposed of, or soon after this process is gone. */
export interface KeptFolder extends AsyncDisposable {
  readonly path: string;
}

/** Makes a temporary folder, private to this user, that outlives neither its use nor this process. */
export async function temporaryFolder(prefix: string): Promise<KeptFolder> {
  const path = await Deno.makeTempDir({ prefix });
  const keeper = new Deno.Command("sh", {
    args: ["-c", keeperScript, "keeper", path],
    stdin: "piped",
    stdout: "null",
    stderr: "null",
    detached: true,
  }).spawn();
  return {
    path,
    async [Symbol.asyncDispose]() {
      await Deno.remove(path, { recursive: true }).catch(ignoreMissing);
      await release(keeper.stdin);
      await keeper.status;
    },
  };
}

/** Tells a watcher that its work is done. It may be gone already, which is as good. */
async function release(stdin: WritableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
  const writer = stdin.getWriter();
  try {
    await writer.write(new TextEncoder().encode("done\n"));
    await writer.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
