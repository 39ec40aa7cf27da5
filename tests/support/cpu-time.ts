/** How many milliseconds of a core this process has worked since the call: what else the machine does changes little about that. */
export function cpuTimer(): () => number {
  const before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  };
}
