/**
 * Where the program starts. The version is asked for by scripts and by people in a hurry: nothing else is loaded
 * for it. The drop-in commands have GNU's command line, so nothing of ours is loaded for them.
 */
import { VERSION } from '@chunkrescue/engine';

const [command, ...words] = process.argv.slice(2);

if (command === '--version' && words.length === 0) {
  process.stdout.write(`${VERSION}\n`);
} else if (!hasFolder()) {
  process.stderr.write(
    'rescue: The folder you are in is gone, as when a stick was pulled. Go to one that is there (cd, and cd back when the stick is plugged in again), and give the same command.\n',
  );
  void import('./exit.ts').then(({ EXIT }) => {
    process.exitCode = EXIT.environment;
  });
} else if (command === 'ddrescue') {
  void import('./gnu/ddrescue-host.ts').then(({ hostDdrescue }) => hostDdrescue(words));
} else if (command === 'ddrescuelog') {
  void import('./gnu/ddrescuelog-host.ts').then(({ hostDdrescuelog }) => hostDdrescuelog(words));
} else {
  void import('./main.ts').then(({ main }) => main());
}

/** Names without a folder lead nowhere when that of the shell is gone, and most of what is loaded asks for it. */
function hasFolder(): boolean {
  try {
    process.cwd();
    return true;
  } catch {
    return false;
  }
}
