/** The API group of the Patroni family: the constants that name it towards the API server. */

/** API group of the three kinds; also the prefix of their own label and annotation keys. */
export const GROUP = "postgres-operator.smoketurner.com";

/** The only version of the group, served and stored. */
export const VERSION = "v1alpha1";

/**
 * Field manager of every write to objects of this family.
 * Existing objects carry fields owned under this name, so another one would leave orphaned owners behind.
 */
export const FIELD_MANAGER = "postgres-operator";
