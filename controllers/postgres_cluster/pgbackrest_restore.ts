/** The first start of a cluster from backups that pgBackRest took: as a bootstrap method of Patroni's. */
import type { RecoveryTarget, Restore } from "../../api/smoketurner/postgres_cluster/restore.ts";
import type { CloneSettings } from "../../postgres/patroni/settings.ts";
import { withZone } from "./moment.ts";

/** Name of the method in Patroni's configuration. */
const METHOD = "pgbackrest";

const FOLDER = "/etc/pgbackrest";

/** Processes that fetch when nothing says how many. */
const PROCESSES = 10;

/** Patroni runs the script, and keeps what pgBackRest wrote about where recovery ends. */
export const pgbackrestBootstrap: CloneSettings = {
  method: METHOD,
  [METHOD]: { command: `sh ${FOLDER}/restore`, no_params: true, keep_existing_recovery_conf: true },
};

/** @param processes how many fetch at the same time */
export function restoreScript({ recoveryTarget }: Restore, processes = PROCESSES): string {
  const options = [
    "--delta",
    `--process-max=${processes}`,
    ...targetOptions(recoveryTarget),
    `--recovery-option='restore_command=sh ${FOLDER}/fetch archive-get %f "%p"'`,
  ];
  return `exec sh ${FOLDER}/fetch restore \\\n${options.map((each) => `  ${each}`).join(" \\\n")}\n`;
}

function targetOptions({ time, backup, timeline }: RecoveryTarget = {}): string[] {
  if (time !== undefined) return ["--type=time", `"--target=${moment(time)}"`, "--target-action=promote"];
  if (backup !== undefined) return [`--set=${backup}`, "--type=immediate", "--target-action=promote"];
  return ["--type=default", ...(timeline === undefined ? [] : [`--target-timeline=${timeline}`])];
}

/** pgBackRest knows a time only with a blank before the hours, and then chooses the backup by it. */
function moment(time: string): string {
  const parsed = new Date(withZone(time));
  return Number.isNaN(parsed.getTime()) ? "" : parsed.toISOString().replace("T", " ").replace("Z", "+00");
}
