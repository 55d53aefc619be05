/** Short scripts of `sh`, run to their end. */

export interface ShellResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a script, with `$1`, `$2` … bound to arguments, so that nothing is quoted by hand. */
export async function tryShell(script: string, ...args: readonly string[]): Promise<ShellResult> {
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-euc", script, "sh", ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout).trim(), stderr: text.decode(stderr).trim() };
}

/**
 * As {@link tryShell}, and returns the standard output.
 * @throws Error with the script's last words when it fails
 */
export async function shell(script: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await tryShell(script, ...args);
  if (code === 0) return stdout;
  const said = stderr.split("\n").slice(-5).join("\n");
  throw new Error(`Cannot run ${script.trim().split("\n")[0]}: exit code ${code}\n${said}`);
}
