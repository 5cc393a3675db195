/** GNU ddrescue 1.30, which the tests ask what is right. `scripts/install-ddrescue` installs it. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const WANTED = '1.30';

/** Directory of the oracle's programs: RESCUE_ORACLE, or where `scripts/install-ddrescue` puts them. */
function oraclePath(): string {
  return process.env['RESCUE_ORACLE'] ?? `/opt/ddrescue-${WANTED}/bin`;
}

/** Where a program of the oracle is, for who runs it in another way than `runOracle`. */
export function oracleProgram(tool: 'ddrescue' | 'ddrescuelog'): string {
  return join(oraclePath(), tool);
}

/** Why the oracle cannot be asked here, for the title of a skipped test; undefined when it can. */
export function missingOracle(): string | undefined {
  const { status, stdout } = runOracle(['--version']);
  const version = /^GNU ddrescue (\S+)/.exec(stdout)?.[1];
  if (status !== 0 || version === undefined) {
    return `needs GNU ddrescue ${WANTED} in ${oraclePath()}; run scripts/install-ddrescue`;
  }
  return version === WANTED ? undefined : `needs GNU ddrescue ${WANTED}, not ${version}`;
}

export interface OracleOptions {
  /** Default `ddrescue`. */
  readonly tool?: 'ddrescue' | 'ddrescuelog';
  readonly cwd?: string;
  /** Standard input; none by default. */
  readonly input?: string;
  /** Milliseconds until it is killed, and status is null. Default 60 000. */
  readonly timeoutMs?: number;
}

export interface OracleAnswer {
  /** Exit status; null when it did not start, or was killed. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the oracle to its end. */
export function runOracle(args: readonly string[], options: OracleOptions = {}): OracleAnswer {
  const { tool = 'ddrescue', cwd, input = '', timeoutMs = 60_000 } = options;
  const { status, stdout, stderr } = spawnSync(oracleProgram(tool), args, {
    cwd,
    input,
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: 1 << 28,
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  return { status, stdout: stdout ?? '', stderr: stderr ?? '' };
}
