/** The operator with its webhook, as a benchmark of reviews has it. */
import { freePort } from "../ground/ports.ts";
import { delay, waitFor } from "../ground/wait_for.ts";
import type { Stage } from "./benchmark.ts";
import { type RunningOperator, startOperator, type Variant, whyEnded } from "./operator.ts";
import { usageOf } from "./process.ts";

/** An operator that serves reviews. */
export interface Party {
  readonly operator: RunningOperator;
  /** Of its webhook, on 127.0.0.1. */
  readonly port: number;
}

/** How long a program is left alone before its memory is looked at. */
export const restMs = 15_000;

export function withFlags({ env, ...variant }: Variant, flags: string): Variant {
  return env === undefined ? variant : { ...variant, env: { ...env, DENO_V8_FLAGS: flags } };
}

/** Flags of `deno run` for a client of webhooks on these ports, for whose address they have no certificate. */
export function clientFlags(...ports: readonly number[]): string[] {
  const addresses = ports.map((port) => `127.0.0.1:${port}`).join(",");
  return [`--allow-net=${addresses}`, "--unsafely-ignore-certificate-errors=127.0.0.1"];
}

/** Resident memory of the program without webhooks, in MB. */
export async function memoryWithout(stage: Stage, variant: Variant): Promise<number> {
  const operator = await startOperator(stage, variant);
  try {
    await delay(restMs);
    return (await usageOf(operator.process.pid)).residentMb;
  } finally {
    await operator.process.stop("SIGTERM", 15_000);
  }
}

/** Starts an operator whose webhook serves; it ends with the stack. */
export async function startParty(
  stage: Stage,
  variant: Variant,
  stack: AsyncDisposableStack,
): Promise<Party> {
  const port = freePort();
  const args = [...variant.args, "--webhook-enable", `--webhook-port=${port}`];
  const operator = await startOperator(stage, { ...variant, args });
  stack.defer(() => operator.process.stop("SIGTERM", 15_000));
  await serving(operator);
  return { operator, port };
}

async function serving(operator: RunningOperator): Promise<void> {
  const isServed = async () => (await Deno.readTextFile(operator.log)).includes("Serving admission webhooks");
  await waitFor("the webhook to serve", isServed, { timeoutMs: 60_000, hopeless: () => whyEnded(operator) });
}
