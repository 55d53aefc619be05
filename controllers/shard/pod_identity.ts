/** As whom the containers of a pool's pod run, and who owns the files of its volumes. */
import type { PoolSpec } from "../../api/multigres/pool.ts";
import type { Problem } from "../../kube/controller.ts";
import { present } from "../../resolve/present.ts";
import type { Container, PodSpec } from "../components/pod_parts.ts";
import type { PoolView } from "./view.ts";

/**
 * The user `postgres` of the images that are based on Debian, and its group. It counts for other images too: the pooler's
 * image has another user of its own, and the two containers must share one to share the data folder, whose mode is 0700.
 */
const POSTGRES_ID = 999;

type SecurityContext = NonNullable<Container["securityContext"]>;

interface Id {
  readonly user: number;
  readonly group: number | undefined;
}

/** A user that was given without a group keeps the group that the image has for it. */
function postgresId({ postgres }: PoolSpec): Id {
  const { runAsUser, runAsGroup } = postgres ?? {};
  if (runAsUser === undefined) return { user: POSTGRES_ID, group: runAsGroup ?? POSTGRES_ID };
  return { user: runAsUser, group: runAsGroup };
}

function securityContext({ user, group }: Id): SecurityContext {
  return { runAsNonRoot: true, runAsUser: user, ...present({ runAsGroup: group }) };
}

export function postgresSecurity({ spec }: PoolView): SecurityContext {
  return securityContext(postgresId(spec));
}

/** The pooler is PostgreSQL's user unless told, which {@link identityProblems} lets nobody change to another. */
export function poolerSecurity({ spec }: PoolView): SecurityContext {
  const { user, group } = postgresId(spec);
  const { runAsUser, runAsGroup } = spec.multipooler ?? {};
  return securityContext({ user: runAsUser ?? user, group: runAsGroup ?? group });
}

/** The exporter reads the password, which is for all, and touches no data. */
export function exporterSecurity(): SecurityContext {
  return securityContext({ user: POSTGRES_ID, group: POSTGRES_ID });
}

/**
 * Volumes belong to the group of PostgreSQL unless told: without a group a new volume belongs to root, who alone could write
 * to it, and so does the key of pgBackRest, which allows no mode by which others could read it.
 *
 * A volume that belongs to the group already is left as it is. Going through all its files at each start takes minutes for
 * a large one, and widens the mode of the data folder, with which PostgreSQL then refuses to start.
 */
export function podSecurity({ spec }: PoolView): NonNullable<PodSpec["securityContext"]> {
  const { user, group } = postgresId(spec);
  return { fsGroup: spec.fsGroup ?? group ?? user, fsGroupChangePolicy: "OnRootMismatch" };
}

export function identityProblems({ name, spec }: PoolView): Problem[] {
  const pooler = spec.multipooler?.runAsUser;
  const { user } = postgresId(spec);
  if (pooler === undefined || pooler === user) return [];
  const path = `spec.pools.${name}`;
  return [{
    path: `${path}.multipooler.runAsUser`,
    message:
      `Cannot run the pooler of pool ${name} as user ${pooler} as PostgreSQL runs as user ${user}, and both ` +
      `use the data folder: set ${path}.postgres.runAsUser to ${pooler} too, or remove the pooler's`,
  }];
}
