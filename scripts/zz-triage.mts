import { fuzzCase } from './fuzz-families.ts';
import { shellLine } from './fuzz-case.ts';
import { compareCase } from './fuzz-expected.ts';
import { ourSide } from './fuzz-ours.ts';
import { shrink } from './fuzz-shrink.ts';
const [seed,a,b,step]=process.argv.slice(2).map(Number);
const known=(d)=>d.what==='events'||(d.what==='files'&&d.gnu.includes('events'))||(d.what==='reads'&&/^\s*\|?\s*$/.test(d.ours.replace(/.*\| *$/,''))&&d.gnu.endsWith('(ends)'));
const cmp=(c)=>compareCase(c,ourSide).differences.filter(d=>!known(d));
const sig=(d)=>d.what+' :: '+d.gnu.replace(/\d+/g,'N').slice(0,70)+' :: '+d.ours.replace(/\d+/g,'N').slice(0,70);
const seen=new Map(); let n=0;
for(let i=a;i<b;i+=step){const c=fuzzCase(seed,i); let d; try{d=cmp(c);}catch(e){console.log('THROW',i,e.message);continue;}
 if(!d.length) continue; n++;
 const s=c.family+' '+d[0].what; const k=seen.get(s)??0; seen.set(s,k+1); if(k>=2) continue;
 if(!cmp(c).length) continue;
 const small=shrink(c,x=>cmp(x).some(y=>y.what===d[0].what),{triesMax:60,timeMs:12000});
 console.log(`\n#${i} ${c.family}\n  ${shellLine(small).slice(0,700)}`); for(const y of cmp(small)) console.log(`   ${y.what}\n     G ${y.gnu.slice(0,300)}\n     O ${y.ours.slice(0,300)}`);
}
console.log('differ',n,[...seen].map(([k,v])=>k+':'+v).join(', '));
