/** Looks into the repository of a shard, through its primary. */
import type { Background, Task } from "../../kube/background.ts";
import type { ReconcileContext } from "../../kube/controller.ts";
import type { BackupEntry } from "../../topology/poolers/answers.ts";
import type { Services } from "../services.ts";
import { type BackupLook, newestComplete } from "./backups.ts";
import { type DataPlaneAddress, type Look, Places } from "./data_plane.ts";

/** Backups are taken once a day; in milliseconds. */
const FRESH_MS = 10 * 60_000;
/** Backups that are asked for: enough that a complete one is among them though the newest failed. */
const MOST = 10;
/** A running backup holds the answer up; in milliseconds. */
const LIMIT_MS = 20_000;

export interface BackupTools {
  readonly background: Background<BackupEntry | undefined>;
  readonly services: Pick<Services, "stores" | "poolers">;
  readonly key: string;
  readonly address: DataPlaneAddress;
}

/** Undefined while nobody leads the shard. Returns at once; the shard is woken when the answer is there. */
export function backupLook(
  look: Look | undefined,
  tools: BackupTools,
  context: ReconcileContext,
): BackupLook {
  const primary = look?.poolers.poolers.find(({ key }) => {
    const answer = look.answers.get(key);
    return answer?.kind === "answered" && answer.status.postgres === "primary" && answer.status.ready;
  });
  if (primary === undefined) return undefined;
  const { background, services, key, address } = tools;
  const task: Task<BackupEntry | undefined> = {
    id: primary.key,
    freshMs: () => FRESH_MS,
    digest: (newest) => JSON.stringify([newest?.id, newest?.stoppedAt]),
    async run(signal) {
      const { addressOf } = await import("../../topology/poolers/address.ts");
      const places = new Places(address, services.stores, context);
      if (address.tls !== undefined) await places.refresh(signal);
      const entries = await services.poolers.backups(addressOf(primary, places.tls), MOST, {
        timeoutMs: LIMIT_MS,
        signal,
      });
      return newestComplete(entries);
    },
  };
  return background.look(key, task, context);
}
