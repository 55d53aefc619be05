/** The images that are used where a cluster does not choose its own. */
export { multigresImages as images } from "../images.ts";
