/** Written into every mapfile; the version of all three packages. The command answers it before all else. */
export const VERSION = '0.1.0';
