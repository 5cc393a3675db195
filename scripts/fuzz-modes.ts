/** The modes that do not rescue: fill, generate, commands. */
import { claimedEnd } from './fuzz-case.ts';
import { addMap, type Draft, someMap, spelled, textOn } from './fuzz-draft.ts';
import { addDomain } from './fuzz-extras.ts';
import { addFaults } from './fuzz-faults.ts';
import type { Random } from './fuzz-random.ts';

export function addFill(draft: Draft): void {
  const { random, size } = draft;
  const letters = random.shuffle([...'?*/-+l']).slice(0, random.int(1, 4));
  draft.options.push(['-F', letters.join('')]);
  if (random.chance(97)) addMap(draft, { isOdd: random.chance(30) });
  draft.files['in'] = textOn(random, random.size(1, 70_000));
  if (random.chance(4)) draft.files['in'] = { kind: 'data', size: 0, pieces: [] };
  const end = Math.max(claimedEnd(draft.files['map']), size);
  if (random.chance(95)) draft.files['out'] = textOn(random, end);
  if (random.chance(40)) addDomain(draft);
  if (random.chance(10)) draft.options.push(['-w']);
  if (random.chance(10)) draft.options.push(['-R']);
}

/** `-G` guesses a map from the zeros of an output. */
export function addGenerate(draft: Draft): void {
  const { random, size } = draft;
  draft.options.push(['-G']);
  const chosen = random.int(0, 9);
  if (chosen > 0) draft.files['out'] = textOn(random, chosen > 4 ? size : random.size(1, size * 2));
  if (random.chance(20)) addMap(draft);
  if (random.chance(20)) {
    draft.inputPos = random.int(0, size - 1);
    draft.options.push(['-i', String(draft.inputPos)]);
  }
  if (random.chance(20)) draft.options.push(['-o', spelled(draft, random.int(0, size))]);
  if (random.chance(20)) draft.options.push(['-s', spelled(draft, random.int(0, size))]);
  if (random.chance(15)) {
    draft.files['domain'] = someMap(draft, { states: '+-' });
    draft.options.push(['-m', '@domain']);
  }
  if (random.chance(15)) addFaults(draft);
  if (random.chance(5)) draft.operands.pop();
  if (random.chance(10)) draft.options.push(['-C']);
}

/** Commands on standard input. */
export function addCommands(draft: Draft): void {
  const { random, size, sector, files } = draft;
  addFaults(draft);
  draft.options.push(['--command-mode']);
  if (random.chance(40)) addMap(draft, { isOdd: random.chance(30) });
  if (random.chance(25)) {
    draft.inputPos = random.int(0, size - 1);
    draft.options.push(['-i', String(draft.inputPos)]);
    draft.outputPos = draft.inputPos;
  }
  if (random.chance(25)) draft.options.push(['-s', String(random.int(0, size))]);
  if (random.chance(15)) draft.options.push(['-C']);
  if (random.chance(10)) draft.operands.pop();
  if (files['map'] === undefined && random.chance(20)) files['out'] = textOn(random, size);
  const range = (): string => {
    const pos = random.int(0, size + (random.chance(5) ? size : -1));
    const start = random.chance(60) ? pos - (pos % sector) : pos;
    return `${spelledPlainly(random, start)} ${spelledPlainly(random, random.size(1, size))}`;
  };
  const lines: string[] = [];
  for (let i = random.int(0, 10); i > 0; i--) {
    const chosen = random.int(0, 20);
    if (chosen < 10) lines.push(`c ${range()}`);
    else if (chosen < 15) lines.push(`s ${range()}`);
    else if (chosen < 17) lines.push('u');
    else lines.push(random.pick(WRONG_COMMANDS));
  }
  if (random.chance(60)) lines.push(random.pick(['f', 'f', 'q', 'f ', 'q 1']));
  draft.stdin = lines.map((line) => `${line}\n`).join('');
  if (random.chance(10)) draft.stdin = draft.stdin.slice(0, -1);
}

const WRONG_COMMANDS = [
  '',
  ' ',
  'c',
  'c 5',
  'c 0 0',
  'c -1 5',
  'c 0 5 6',
  'c0 5',
  'c  0   5',
  'c\t0\t5',
  'c 0 5 # words',
  'c 0 1Ki',
  'c 1_000 512',
  's',
  's 0',
  's 0 0',
  's 1 -1',
  'h',
  'x 1 2',
  'cc 0 5',
  'u 5',
  ' u',
  '# words',
];

function spelledPlainly(random: Random, value: number): string {
  return random.chance(30) ? `0x${value.toString(16)}` : String(value);
}
