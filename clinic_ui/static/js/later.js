// @ts-check
/**
 * Scripts that come when they are needed: the page that waits stays light. A line that is gone at that moment is waited
 * for; the browser forgets an import that failed.
 * @module
 */

const AGAIN = 1000; // ms

/** @template Made @param {() => Promise<Made>} read an import @returns {Promise<Made>} */
export async function later(read) {
  for (;;) {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it came, and is wrong
      console.info("later: did not come", error);
      await new Promise((done) => setTimeout(done, AGAIN));
    }
  }
}
