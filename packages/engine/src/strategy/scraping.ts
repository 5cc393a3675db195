/** Scraping: reads the non-scraped blocks sector by sector, forwards in each block. */
import { backwards, forwards, type Piece } from './direction.ts';
import type { Steps } from './request.ts';
import { ask, type Rescue } from './rescue.ts';

export function* scraping(rescue: Rescue): Steps {
  const { map, settings } = rescue;
  const direction = settings.isReversed ? backwards : forwards;
  const walk = settings.manner.walk(map, direction, '/');
  for (let index = walk.next(); index >= 0; index = walk.next()) {
    let rest: Piece = { pos: map.posAt(index), end: map.endAt(index) };
    while (rest.pos < rest.end) {
      const piece = settings.manner.sector(rest, forwards, settings.sectorSize);
      yield ask('scraping', piece, { direction: forwards, pass: 1 });
      rest = forwards.behind(rest, piece);
    }
  }
}
