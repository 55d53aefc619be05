/** Makes sure of etcd and prints what the file holds, or the error in one line. */
import { ensureBinaries } from "../ground/build.ts";

try {
  const { etcd = "" } = await ensureBinaries(["etcd"], () => {});
  console.log(await Deno.readTextFile(etcd));
} catch (error) {
  console.log(error instanceof Error ? error.message : error);
}
