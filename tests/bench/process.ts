/** What the kernel says of a process. Deno may not read there itself, so a shell does. */
export interface ProcessUsage {
  /** Memory in RAM now, in MB (10^6 bytes). */
  readonly residentMb: number;
  /** The most that ever was in RAM, in MB. */
  readonly peakMb: number;
  /** CPU time of program and kernel since the start, in seconds; the kernel counts in steps of 10 ms. */
  readonly cpuSeconds: number;
  readonly sockets: number;
}

const script = `
cat "$0/status"
echo "stat $(cat "$0/stat")"
echo "sockets $(ls -l "$0/fd" | grep -c socket:)"
`;

/** Clock ticks a second, the same on every Linux that we know. */
const ticks = 100;

/** Reads what a process uses. @throws Error when it does not run any more. */
export async function usageOf(pid: number): Promise<ProcessUsage> {
  const { stdout } = await new Deno.Command("sh", { args: ["-c", script, `/proc/${pid}`], stderr: "null" })
    .output();
  const text = new TextDecoder().decode(stdout);
  const field = (pattern: RegExp): number => {
    const found = pattern.exec(text)?.[1];
    if (found === undefined) throw new Error(`Cannot read the use of process ${pid} as it has ended`);
    return Number(found);
  };
  // Fields 14 and 15 of stat; the name, field 2, stands in parentheses and may hold spaces.
  const times = /^stat .*\)(?: \S+){11} (\d+) (\d+)/m.exec(text);
  return {
    residentMb: field(/^VmRSS:\s+(\d+)/m) * 1024 / 1e6,
    peakMb: field(/^VmHWM:\s+(\d+)/m) * 1024 / 1e6,
    cpuSeconds: (Number(times?.[1]) + Number(times?.[2])) / ticks,
    sockets: field(/^sockets (\d+)/m),
  };
}
