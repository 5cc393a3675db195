/** Where the program starts. The drop-in commands have GNU's command line, so nothing of ours is loaded for them. */
const [command, ...words] = process.argv.slice(2);

if (command === 'ddrescue') {
  const { hostDdrescue } = await import('./gnu/host.ts');
  await hostDdrescue(words);
} else if (command === 'ddrescuelog') {
  const { hostDdrescuelog } = await import('./gnu/host.ts');
  hostDdrescuelog(words);
} else {
  await import('./main.ts');
}
