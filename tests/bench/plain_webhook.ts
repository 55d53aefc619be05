/**
 * A webhook in Go, with the library of Go operators, that reads the same reviews into typed objects and lets all of them
 * through. It has no rule and no default, and nothing else to do: how long it takes is what any Go operator's webhook takes
 * at least on the machine at hand.
 */
import { join } from "node:path";
import { type GuardedProcess, spawnGuarded } from "../ground/guard.ts";
import { createAuthority } from "../ground/pki.ts";
import { freePort } from "../ground/ports.ts";
import { ensureTool } from "../ground/tool.ts";
import { waitFor } from "../ground/wait_for.ts";
import type { Stage } from "./benchmark.ts";

export interface PlainWebhook extends AsyncDisposable {
  /** On 127.0.0.1. */
  readonly port: number;
}

/** Starts it, and waits until it listens. @throws Error when it cannot be built, or ends. */
export async function startPlainWebhook(stage: Stage): Promise<PlainWebhook> {
  const program = await ensureTool({
    name: "plain-webhook",
    module: "plain_webhook",
    package: ".",
    ldflags: "-s -w",
    coldSeconds: 100,
    files: ["main.go"],
  }, stage.say);
  const port = freePort();
  const process = spawnGuarded({
    program,
    args: ["-port", String(port), "-certificates", await writeCertificate(stage)],
    log: join(stage.scratch, "plain-webhook.log"),
  });
  try {
    await listening(process, port);
  } catch (error) {
    await process.stop();
    throw error;
  }
  return { port, [Symbol.asyncDispose]: () => process.stop() };
}

async function writeCertificate(stage: Stage): Promise<string> {
  const folder = join(stage.scratch, "plain-webhook");
  await Deno.mkdir(folder);
  const { certPem, keyPem } = await (await createAuthority()).issueServer([], ["127.0.0.1"]);
  await Deno.writeTextFile(join(folder, "tls.crt"), certPem);
  await Deno.writeTextFile(join(folder, "tls.key"), keyPem, { mode: 0o600 });
  return folder;
}

async function listening(process: GuardedProcess, port: number): Promise<void> {
  const connects = async () => {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return true;
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionRefused) return false;
      throw error;
    }
  };
  const hopeless = () => process.running() ? undefined : `it has ended, see ${process.log}`;
  await waitFor("the webhook in Go to listen", connects, { timeoutMs: 30_000, hopeless });
}
