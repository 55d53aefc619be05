/** Starts a control plane, says where and as which processes in one line of JSON, and waits to be killed. */
import { privateControlPlane } from "../ground/ground.ts";

const plane = await privateControlPlane();
const pids = [plane.pidOf("etcd"), plane.pidOf("kube-apiserver")];
console.log(JSON.stringify({ pids, folder: plane.folder }));
setInterval(() => {}, 60_000);
