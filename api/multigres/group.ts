/** API group and version of the Multigres kinds, and the category that lists them all. */
export const multigresGroup = "multigres.com";
export const multigresVersion = "v1alpha1";

/** `kubectl get multigres` shows every object of the family. */
export const multigresCategories = ["multigres"] as const;
