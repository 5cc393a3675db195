/** Files that cannot be used: missing, of another kind, or maps with a wound. */
import { mapText } from './fuzz-case.ts';
import { addMap, type Draft, someMap, textOn } from './fuzz-draft.ts';
import { addFaults } from './fuzz-faults.ts';
import type { Random } from './fuzz-random.ts';

type Unusable = (draft: Draft) => void;

const UNUSABLE: readonly Unusable[] = [
  (draft) => delete draft.files['in'],
  (draft) => (draft.files['in'] = { kind: 'directory' }),
  (draft) => (draft.files['out'] = { kind: 'directory' }),
  (draft) => (draft.files['map'] = { kind: 'directory' }),
  (draft) => (draft.operands[1] = '@none/out'),
  (draft) => (draft.operands[2] = '@none/map'),
  (draft) => (draft.operands[1] = '/dev/null'),
  (draft) => (draft.operands[2] = '/dev/null'),
  (draft) => (draft.files['out'] = { kind: 'link', to: 'in' }),
  (draft) => (draft.files['out'] = { kind: 'link', to: 'gone' }),
  (draft) => (draft.files['map'] = { kind: 'link', to: 'gone' }),
  (draft) => draft.options.push(['-m', '@none']),
  (draft) => {
    draft.options = draft.options.filter(([first]) => first !== '-H');
    draft.options.push(['-H', '@none']);
  },
  (draft) => draft.options.push(['--log-events=@none/events']),
  (draft) => draft.options.push(['--bad-sector-data=@none']),
  (draft) => {
    draft.operands[1] = '/dev/null';
    draft.options.push([draft.random.pick(['-p', '-S', '-x5', '-t'])], ['-f']);
  },
  (draft) => (draft.files['map'] = { kind: 'text', text: emptyText(draft.random) }),
  (draft) => {
    draft.files['map'] = { kind: 'text', text: emptyText(draft.random) };
    draft.files['out'] = textOn(draft.random, draft.random.size(1, 20_000));
  },
];

export function addUnusable(draft: Draft): void {
  const { random } = draft;
  addFaults(draft);
  if (random.chance(25)) addMap(draft);
  if (random.chance(35)) {
    random.pick(UNUSABLE)(draft);
    return;
  }
  const text = brokenMap(draft);
  const chosen = random.int(0, 3);
  if (chosen === 0) {
    draft.files['domain'] = { kind: 'text', text };
    draft.options.push(['-m', '@domain']);
  } else if (chosen === 1) {
    draft.options = draft.options.filter(([first]) => first !== '-H');
    draft.files['test'] = { kind: 'text', text };
    // Without a readable block the size is unknown, and nothing else would end the rescue.
    draft.options.push(['-H', '@test'], ['-s', String(random.size(1, 20_000))]);
  } else draft.files['map'] = { kind: 'text', text };
  if (random.chance(20)) draft.options.push(['-L']);
}

/** A map that says nothing. */
function emptyText(random: Random): string {
  return random.pick([
    '',
    '\n',
    '# words\n',
    '0 ? 1\n',
    '# a\r0 ? 1\r0 512 +\r',
    '# a\n0x0 + 1\n# b\n',
  ]);
}

/** Text of a map with a wound or two; many are still good. The output need not fit: none claims much. */
function brokenMap(draft: Draft): string {
  const { random } = draft;
  const states = random.pick(['?*/-', '?-', '?']);
  const good = mapText(someMap(draft, { isOdd: random.chance(30), states, blocksMax: 6 }));
  let text = good;
  for (let i = random.int(1, 3); i > 0; i--) text = wounded(random, text);
  // GNU never ends with a block of nothing at 0.
  return /^\s*[+-]?0(x0*)?0*\s+[+-]?0(x0*)?0*\s*[^\dxX]/m.test(text) ? good : text;
}

function wounded(random: Random, text: string): string {
  const lines = text.split('\n');
  const at = random.int(0, Math.max(0, lines.length - 2));
  const line = lines[at] as string;
  const words = line.split(' ');
  const word = random.int(0, words.length - 1);
  switch (random.int(0, 8)) {
    case 0:
      return lines.toSpliced(at, 1).join('\n');
    case 1:
      return lines.toSpliced(at, 0, line).join('\n');
    case 2:
      return lines
        .toSpliced(at, 0, random.pick(['', '  ', '# words', '\t# words', '\f']))
        .join('\n');
    case 3:
      return lines.join('\r\n');
    case 4:
      return lines
        .with(at, line + random.pick([' junk', ' # words', '#words', ' 5', '\r']))
        .join('\n');
    case 5:
      return lines.with(at, words.toSpliced(word, 1).join(' ')).join('\n');
    case 6: {
      const wrong = [
        '-1',
        '0x',
        'x',
        '08',
        '010',
        '1_000',
        '0X10',
        '0xFFFFFFFFFFFFFFFF',
        '!',
        '+5',
      ];
      return lines.with(at, words.with(word, random.pick(wrong)).join(' ')).join('\n');
    }
    case 7:
      return text.slice(0, random.int(0, text.length));
    default:
      return lines
        .with(at, `${random.pick([' ', '\t'])}${words.join(random.pick(['', '\t', '   ']))}`)
        .join('\n');
  }
}
