/** How long the event loop was held up, seen by a timer that should fire every 5 ms. */

const everyMs = 5;

export interface LoopWatch {
  /** Stops looking. @returns the longest time that the timer came too late, in milliseconds */
  end(): number;
}

export function watchLoop(): LoopWatch {
  let last = performance.now();
  let longest = 0;
  const look = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last - everyMs);
    last = now;
  };
  const timer = setInterval(look, everyMs);
  return {
    end() {
      look();
      clearInterval(timer);
      return longest;
    },
  };
}
