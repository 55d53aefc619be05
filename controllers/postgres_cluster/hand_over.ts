/** A primary hands its office to a standby before it is restarted or goes. Patroni does it, when it is asked to. */
import type { Background } from "../../kube/background.ts";
import type { BackoffPolicy } from "../../kube/backoff.ts";
import type { ReconcileContext } from "../../kube/controller.ts";
import { isStopping, type PatroniClient } from "../../postgres/patroni/rest.ts";
import { refuseWhenFenced } from "./fenced.ts";
import type { Change } from "./change.ts";
import { withLabelAhead } from "./label_ahead.ts";
import type { Member } from "./members.ts";

export interface HandOverTools {
  readonly background: Background<true>;
  readonly client: PatroniClient;
  /** Of the cluster. */
  readonly key: string;
  readonly addressOf: (member: Member) => string | undefined;
}

export type HandOverChange = Extract<Change, { kind: "hand-over" }>;

export type HandOver =
  /** It is under way, or done and not yet to be seen. */
  | { readonly kind: "waiting"; readonly message: string; readonly dueSeconds: number }
  /** Patroni was asked often enough. It elects a new leader by itself when the old one goes, only later. */
  | { readonly kind: "given-up"; readonly message: string };

export const HAND_OVER_BACKOFF: BackoffPolicy = { firstMs: 2_000, capMs: 10_000, jitter: 0.1 };

/** Patroni is asked again and again for so long, in milliseconds. */
const PATIENCE_MS = 60_000;
/** Roles are relabelled within this time after a hand-over, in milliseconds; else it is asked for again. */
const SETTLING_MS = 30_000;

/** Asks for a hand-over, once for each leader's pod, and tells how it goes. Returns at once. */
export function handOver(
  { leader, candidate }: HandOverChange,
  { background, client, key, addressOf }: HandOverTools,
  context: Pick<ReconcileContext, "client" | "clock" | "signal" | "fence" | "log">,
): HandOver {
  const address = addressOf(leader);
  if (address === undefined) return { kind: "given-up", message: `${leader.name} has no address` };
  const progress = background.look(key, {
    id: leader.pod.metadata.uid,
    freshMs: () => SETTLING_MS,
    run: async (signal) => {
      refuseWhenFenced(context.fence);
      await switchOver({ leader: leader.name, candidate, address, client }, context, signal);
      return true;
    },
  }, context);
  const message = `${leader.name} hands its office over`;
  if (progress.kind === "failed" && progress.failingMs >= PATIENCE_MS) {
    const seconds = PATIENCE_MS / 1_000;
    return {
      kind: "given-up",
      message: `${leader.name} could not hand over for ${seconds} s: ${progress.error.message}`,
    };
  }
  const why = progress.kind === "failed" ? `; it was refused: ${progress.error.message}` : "";
  return { kind: "waiting", message: message + why, dueSeconds: progress.dueMs / 1_000 };
}

interface SwitchOver {
  readonly leader: string;
  readonly candidate: Member;
  /** Of the leader's Patroni. */
  readonly address: string;
  readonly client: PatroniClient;
}

async function switchOver(
  { leader, candidate, address, client: patroni }: SwitchOver,
  { client, clock, log }: Pick<ReconcileContext, "client" | "clock" | "log">,
  signal: AbortSignal,
): Promise<void> {
  const { name, namespace = "", uid } = candidate.pod.metadata;
  await withLabelAhead({
    client,
    clock,
    candidate: { name, namespace, uid },
    isStopping: async (signal) => isStopping(await patroni.member(address, signal)),
    failed: (error) => log.warn(`Cannot label pod ${name} ahead of its promotion`, { error }),
  }, () => patroni.switchover(address, { leader, candidate: name }, signal));
}
