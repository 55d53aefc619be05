/** Programs that the image is made with. */

/** Debian's packages that have them. */
const packages: Readonly<Record<string, string>> = {
  umoci: "umoci",
  skopeo: "skopeo",
  ldd: "libc-bin",
  tar: "tar",
};

/** @throws Error in one line that names the packages to install. */
export async function requirePrograms(...programs: string[]): Promise<void> {
  const missing = [];
  for (const program of programs) {
    if (!(await tryProgram("sh", "-c", 'command -v "$1"', "sh", program)).success) missing.push(program);
  }
  if (missing.length === 0) return;
  const names = [...new Set(missing.map((program) => packages[program] ?? program))];
  throw new Error(
    `Cannot make the image without ${missing.join(" and ")}: apt-get install ${names.join(" ")}`,
  );
}

/** Runs a program and returns what it wrote. @throws Error with its words when it fails. */
export async function program(name: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await tryProgram(name, ...args);
  if (!success) throw new Error(`Cannot ${name} ${args[0] ?? ""}: ${(stderr || stdout).trim()}`);
  return stdout;
}

/** As {@link program}, for runs that may fail. */
export async function tryProgram(
  ...command: string[]
): Promise<{ success: boolean; stdout: string; stderr: string }> {
  const output = await new Deno.Command("sh", {
    args: ["-c", 'exec "$@"', "sh", ...command],
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return {
    success: output.success,
    stdout: text.decode(output.stdout),
    stderr: text.decode(output.stderr),
  };
}
