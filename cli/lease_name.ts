/** Name of the Lease, so that this operator and one that it replaces never work at the same time. */
export const LEASE_NAME = "multigres-operator.multigres.com";
