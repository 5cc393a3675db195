/**
 * Makes packages/cli/bundle of what tsc made: few files instead of three hundred, so that the command starts at
 * once, and needs no package beside it but fs-ext, which may be missing. CommonJS, although the sources are not:
 * Node starts it sooner, and what is behind an `import()` is run when it is asked for, in the file it is in.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const OUT = join(ROOT, 'packages/cli/bundle');

/**
 * The files of the bundle and the module each begins with; none holds another's first module. All are in one
 * folder, so that `new URL('./NAME.js', import.meta.url)` finds a worker; hence no two may have the same name.
 */
export const FILES: Readonly<Record<string, string>> = {
  start: 'packages/cli/dist/start.js',
  main: 'packages/cli/dist/main.js',
  'ddrescue-host': 'packages/cli/dist/gnu/ddrescue-host.js',
  'ddrescuelog-host': 'packages/cli/dist/gnu/ddrescuelog-host.js',
  pino: 'node_modules/pino/pino.js',
  // Workers.
  'ddrescue-entry': 'packages/cli/dist/gnu/ddrescue-entry.js',
  'job-entry': 'packages/engine/dist/worker/job-entry.js',
  'beside-entry': 'packages/engine/dist/worker/beside-entry.js',
  'reader-entry': 'packages/engine/dist/worker/reader-entry.js',
  // A process.
  'direct-entry': 'packages/engine/dist/node/direct-entry.js',
};

/** What yargs loads, of which it needs little: 25 ms of every start. */
const LIGHTER: Readonly<Record<string, string>> = {
  // Its tables of emoji. Our help is plain text.
  'string-width': 'export default (text) => text.length;',
  // Its comparison of objects. Yargs asks whether an argument of its own functions is there.
  assert: `
    export function strictEqual(a, b, message) { if (!Object.is(a, b)) throw new Error(message); }
    export function notStrictEqual(a, b, message) { if (Object.is(a, b)) throw new Error(message); }`,
};

const lighterYargs: Plugin = {
  name: 'lighter-yargs',
  setup(of) {
    of.onResolve({ filter: /^(?:string-width|assert)$/ }, ({ path, importer }) =>
      /\/node_modules\/(?:yargs|cliui|wrap-ansi)\//.test(importer)
        ? { path, namespace: 'lighter' }
        : undefined,
    );
    of.onLoad({ filter: /./, namespace: 'lighter' }, ({ path }) => ({
      contents: LIGHTER[path] as string,
    }));
  },
};

/** What is a file of its own is asked for there. */
const ownFiles: Plugin = {
  name: 'own-files',
  setup(of) {
    const names = new Map(Object.entries(FILES).map(([name, path]) => [join(ROOT, path), name]));
    of.onResolve({ filter: /^pino$|\.js$/ }, ({ path, kind, resolveDir }) => {
      if (kind === 'entry-point') return undefined;
      const name = names.get(
        path === 'pino' ? join(ROOT, FILES['pino'] as string) : join(resolveDir, path),
      );
      return name === undefined ? undefined : { path: `./${name}.js`, external: true };
    });
  },
};

/**
 * Imports a name of our packages from the module that has it: asked for by the package's name, all of the package
 * would be run for each of them. The index of a package is a list of names, so that is easily looked up.
 */
const withoutIndex: Plugin = {
  name: 'without-index',
  setup(of) {
    const homes = new Map(['mapfile', 'engine'].map((name) => [name, homesOf(name)]));
    of.onLoad({ filter: /\/packages\/\w+\/dist\/.*\.js$/ }, ({ path }) => {
      const contents = readFileSync(path, 'utf8').replace(
        /^import \{([^}]*)\} from '@chunkrescue\/(\w+)';$/gm,
        (_, names: string, name: string) =>
          namesIn(names)
            .map(
              (item) =>
                `import { ${item} } from '${homes.get(name)?.get(item.split(' ')[0] as string)}';`,
            )
            .join(' '),
      );
      return { contents };
    });
  },
};

/** Which module each name of a package is in. */
function homesOf(name: string): Map<string, string> {
  const folder = join(ROOT, 'packages', name, 'dist');
  const index = readFileSync(join(folder, 'index.js'), 'utf8');
  const lines = index.matchAll(/^export \{([^}]*)\} from '(.*)';$/gm);
  return new Map(
    [...lines].flatMap(([, names, path]) =>
      namesIn(names as string).map((item): [string, string] => [
        item,
        join(folder, path as string),
      ]),
    ),
  );
}

function namesIn(list: string): string[] {
  return list
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

const OPTIONS = {
  absWorkingDir: ROOT,
  entryPoints: { ...FILES },
  outdir: OUT,
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  supported: { 'dynamic-import': false },
  define: { 'import.meta.url': 'fileUrl__' },
  // Modules are strict by themselves, scripts are not.
  banner: {
    js: '"use strict";\nconst fileUrl__ = require("node:url").pathToFileURL(__filename).href;',
  },
  // Names stay, so that a stack tells something; `--enable-source-maps` tells the lines too.
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: true,
  sourcesContent: false,
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
  plugins: [lighterYargs, ownFiles, withoutIndex],
} satisfies BuildOptions;

/** What the packages in the bundle want to be said with every copy. */
function licences({ inputs }: Metafile): string {
  const folders = Object.keys(inputs).flatMap(
    (path) => /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? [],
  );
  return [...new Set(folders)]
    .sort()
    .map((folder) => {
      const { name, version } = JSON.parse(
        readFileSync(join(ROOT, folder, 'package.json'), 'utf8'),
      );
      const file = readdirSync(join(ROOT, folder)).find((entry) => /^licen[cs]e/i.test(entry));
      if (file === undefined) throw new Error(`${folder} has no licence to put beside the bundle.`);
      return `${name} ${version}\n\n${readFileSync(join(ROOT, folder, file), 'utf8').trim()}\n`;
    })
    .join(`\n${'-'.repeat(80)}\n\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  rmSync(OUT, { recursive: true, force: true });
  const { metafile } = await build(OPTIONS);
  writeFileSync(join(OUT, 'package.json'), '{ "type": "commonjs" }\n');
  writeFileSync(join(OUT, 'LICENSES.txt'), licences(metafile));
}
