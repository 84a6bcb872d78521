/** Waits for a promise for some time, then calls `late` instead. The promise continues, and its failure is ignored. */
export async function within<T>(milliseconds: number, act: Promise<T>, late: () => T | Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const up = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), milliseconds).unref();
  });
  try {
    const first = await Promise.race([act.then((value) => ({ value })), up]);
    return first === 'late' ? await late() : first.value;
  } finally {
    clearTimeout(timer);
  }
}
