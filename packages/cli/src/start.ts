/**
 * Where the program starts. The version is asked for by scripts and by people in a hurry: nothing else is loaded
 * for it. The drop-in commands have GNU's command line, so nothing of ours is loaded for them.
 */
import { VERSION } from '@chunkrescue/engine';

const [command, ...words] = process.argv.slice(2);

if (command === '--version' && words.length === 0) {
  process.stdout.write(`${VERSION}\n`);
} else if (command === 'ddrescue') {
  void import('./gnu/ddrescue-host.ts').then(({ hostDdrescue }) => hostDdrescue(words));
} else if (command === 'ddrescuelog') {
  void import('./gnu/ddrescuelog-host.ts').then(({ hostDdrescuelog }) => hostDdrescuelog(words));
} else {
  void import('./main.ts').then(({ main }) => main());
}
