/** Free TCP ports on loopback. */

// Below the range from which Linux takes ports for outgoing connections (32768 and up), so that a server that is
// stopped for a while finds its port again; and above those that well-known services use.
const lowest = 20_000;
const highest = 32_000;

/**
 * A port that nothing listens on now. Two processes may still be told the same one: starts must be ready to try again.
 * @throws Error when a hundred random ports are all taken.
 */
export function freePort(): number {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest));
    if (isFree(port)) return port;
  }
  throw new Error(`Cannot find a free port on 127.0.0.1 between ${lowest} and ${highest}`);
}

function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}
