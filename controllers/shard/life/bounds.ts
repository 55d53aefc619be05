/** How long things take, and how long they may. All in seconds; measured times are of a cluster of three instances. */

/** A look while something is on its way that no watch tells of, such as an election. */
export const LOOK_SECONDS = 2;

/** A look while an instance comes up: one that was restarted streams again after 6 to 40 s. */
export const COMING_UP_SECONDS = 5;

/** A look at what has been standing still for {@link STALLED_SECONDS}. */
export const STALLED_LOOK_SECONDS = 30;

/** After this time in one place a rollout is said to stand still. Restoring a volume may rightly take longer. */
export const STALLED_SECONDS = 600;

/** Deadline of the call by which a primary resigns: it ends sessions and restarts as a standby, seen to take 7.5 s. */
export const SWITCH_TIMEOUT_SECONDS = 30;

/** While a primary may be asked to resign: longer than resignation and election together, seen to take up to 40 s. */
export const SWITCH_WINDOW_SECONDS = 60;

/** From one time for resigning to the next: each try costs writes, so failing ones become rare. */
export const SWITCH_RETRY_SECONDS = 300;
export const SWITCH_RETRY_MOST_SECONDS = 3600;

/** A standby that is further behind is not handed the shard: it would replay for long before it accepts writes. */
export const SWITCH_LAG_BYTES = 16 * 2 ** 20;

/**
 * An instance that neither answers nor is Ready for this time is taken to do no work. Elections are over by then, and
 * so is any pause of a container that restarts once.
 */
export const BROKEN_SECONDS = 60;

/** A shard without primary for this time does not get one by waiting: elections were seen to take up to 40 s. */
export const NO_PRIMARY_SECONDS = 180;

/** An instance that came up may lead to an election for this time: they were seen to take up to 40 s. */
export const ELECTION_SECONDS = 90;

/** A pod that does not end this long after its grace period is stuck: its node is gone, or does not answer. */
export const STUCK_SECONDS = 60;

/** A pod that ended is replaced when it is this old, so that one that ends at once is not made again without pause. */
export const RECREATE_SECONDS = 10;

/** The node grows a mounted file system by itself within seconds; where it has not for this time, a restart does. */
export const FILE_SYSTEM_SECONDS = 120;

/** An instance that was quarantined is looked at by people or itself for this time before its data is given up. */
export const REBUILD_AGE_SECONDS = 180;

/** A look at a quarantined instance that waits for a backup. */
export const REBUILD_LOOK_SECONDS = 60;

/** Volumes of a pool in a cell that scaling down leaves, used or marked as orphans. */
export const KEPT_CLAIMS = 3;

/** A shard that prepares its removal waits this long for the topology to mark its poolers there. */
export const TOPOLOGY_SECONDS = 300;
