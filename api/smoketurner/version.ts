/** Major versions of PostgreSQL that this family runs. */
import type { Output } from "../schema/fields.ts";
import { oneOf } from "../schema/values.ts";

/** The supported majors, oldest first. */
export const POSTGRES_VERSIONS = ["15", "16", "17"] as const;

export const postgresVersion = oneOf(...POSTGRES_VERSIONS);
export type PostgresVersion = Output<typeof postgresVersion>;
