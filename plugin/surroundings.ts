/** What the plugin sees of the world around it. */
import type { Environment } from "../cli/options.ts";
import type { Output } from "../cli/streams.ts";
import type { Clock } from "../kube/clock.ts";
import type { Kubectl } from "./kubectl.ts";
import type { Style } from "./render/style.ts";

export interface Surroundings {
  readonly stdout: Output & { writeBytes(bytes: Uint8Array): void };
  readonly stderr: Output;
  readonly env: Environment;
  readonly style: Style;
  /** Whether somebody types: a shell then gets a terminal of its own. */
  readonly stdinIsTerminal: boolean;
  readonly clock: Clock;
  readonly kubectl: Kubectl;
  /** Writes a file that must not be there yet. @throws Error in one line */
  writeFile(path: string, bytes: Uint8Array): Promise<void>;
  /** What `deploy/install.yaml` holds. */
  manifest(): Promise<string>;
}
