/** Container images of the members, pinned to exact tags: what runs never changes by itself. */
import { patroniImages } from "../../api/images.ts";
import type { PostgresVersion } from "../../api/smoketurner/version.ts";

/** Spilo: PostgreSQL, Patroni and WAL-G in one image, one for each major version. */
export const SPILO_IMAGES: Readonly<Record<PostgresVersion, string>> = patroniImages.spilo;

/** Hands a member's volume to the user that PostgreSQL runs as. */
export const PERMISSIONS_IMAGE = patroniImages.permissions;

/** Reads the servers' statistics for Prometheus. */
export const EXPORTER_IMAGE = patroniImages.exporter;

/** Major version of PostgreSQL in an image of Spilo; undefined when its name does not tell. */
export function majorOf(image: string | undefined): string | undefined {
  return /\bspilo-(\d+):/.exec(image ?? "")?.[1];
}
