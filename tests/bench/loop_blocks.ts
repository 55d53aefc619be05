/** How long the event loop was held up, seen by a timer that should fire every 5 ms. */

const everyMs = 5;

export interface LoopWatch {
  /** The longest time that the timer came too late, in milliseconds; counting begins afresh. */
  take(): number;
}

export function watchLoop(): LoopWatch {
  let last = performance.now();
  let longest = 0;
  const look = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last - everyMs);
    last = now;
  };
  setInterval(look, everyMs);
  return {
    take() {
      look();
      const found = longest;
      longest = 0;
      return found;
    },
  };
}
