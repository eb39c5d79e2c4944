import { PixelCrew } from './dist/src/worker/threads/pixel-crew.js';
const log={warn(){},error(...a){console.log(...a)},info(){},fatal(){}};
const n=Number(process.argv[2]);
const crew=new PixelCrew({threads:n,log,onHopeless(){}});
const t=performance.now(); const c=await crew.start(); const u=process.cpuUsage();
console.log(n,'wall',Math.round(performance.now()-t),'cpu',Math.round((u.user+u.system)/1000),'per thread',Math.round((u.user+u.system)/1000/n),JSON.stringify(c), 'rss', Math.round(process.memoryUsage.rss()/1e6));
process.exit();
