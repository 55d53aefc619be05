/** Container images of the members, pinned to exact tags: what runs never changes by itself. */
import type { PostgresVersion } from "../../api/smoketurner/version.ts";

/** Spilo: PostgreSQL, Patroni and WAL-G in one image, one for each major version. */
export const SPILO_IMAGES: Readonly<Record<PostgresVersion, string>> = {
  "15": "ghcr.io/zalando/spilo-15:3.2-p2",
  "16": "ghcr.io/zalando/spilo-16:3.3-p3",
  "17": "ghcr.io/zalando/spilo-17:4.0-p3",
};

/** Hands a member's volume to the user that PostgreSQL runs as. */
export const PERMISSIONS_IMAGE = "busybox:1.36";

/** Major version of PostgreSQL in an image of Spilo; undefined when its name does not tell. */
export function majorOf(image: string | undefined): string | undefined {
  return /\bspilo-(\d+):/.exec(image ?? "")?.[1];
}
