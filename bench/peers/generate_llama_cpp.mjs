// Generates with llama.cpp from a GGUF file, by node-llama-cpp's prebuilt library:
//
//     npm install node-llama-cpp && node bench/peers/generate_llama_cpp.mjs --model MODEL.gguf
//
// Prints one JSON line: tokens per second of a prompt and of decoding (medians), and the peak memory in MB.
import {readFileSync} from "node:fs";
import {parseArgs} from "node:util";
import {createRequire} from "node:module";
import {join} from "node:path";

const {values: a} = parseArgs({
  options: {
    model: {type: "string"},
    modules: {type: "string", default: "."},
    "prompt-tokens": {type: "string", default: "512"},
    "new-tokens": {type: "string", default: "64"},
    rounds: {type: "string", default: "3"},
    threads: {type: "string", default: "2"},
  },
});
const prompt = Number(a["prompt-tokens"]);
const tokens = Number(a["new-tokens"]);
const {getLlama, LlamaLogLevel} = await import(createRequire(join(a.modules, "x.js")).resolve("node-llama-cpp"));
const threads = Number(a.threads);
const llama = await getLlama({gpu: false, build: "never", logLevel: LlamaLogLevel.error, maxThreads: threads});
let start = performance.now();
const model = await llama.loadModel({modelPath: a.model});
const load = (performance.now() - start) / 1000;
const context = await model.createContext({contextSize: prompt + tokens + 64, batchSize: 512, threads});
const sequence = context.getSequence();

/** Evaluates tokens and returns the likeliest next one. */
async function next(input) {
  const last = input.pop();
  const output = await sequence.controlledEvaluate([...input, [last, {generateNext: {token: true, options: {temperature: 0}}}]]);
  return output.at(-1).next.token;
}

const random = Array.from({length: prompt}, (_, i) => 1000 + (i * 7919) % 20000);
const prefills = [];
const rates = [];
for (let round = 0; round <= Number(a.rounds); round++) {
  await sequence.clearHistory();
  start = performance.now();
  let token = await next([...random]);
  const prefilled = performance.now();
  for (let i = 1; i < tokens; i++) {
    token = await next([token]);
  }
  const end = performance.now();
  if (round > 0) {
    prefills.push((prefilled - start) / 1000);
    rates.push((tokens - 1) / ((end - prefilled) / 1000));
  }
}
await sequence.clearHistory();
const before = process.cpuUsage();
let token = await next([random[0]]);
for (let i = 1; i < tokens; i++) {
  token = await next([token]);
}
const used = process.cpuUsage(before);
const median = (list) => list.sort((x, y) => x - y)[list.length >> 1];
const peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]) / 1024;
console.log(JSON.stringify({
  load_s: load, cpu_s_per_token: (used.user + used.system) / 1e6 / tokens, prompt_tokens_per_s: prompt / median(prefills), tokens_per_s: median(rates), peak_rss_mb: peak,
}));
process.exit(0);
