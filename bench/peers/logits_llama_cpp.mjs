// Computes the next token's log-probabilities after some tokens with llama.cpp, perhaps with a LoRA adapter:
//
//     node bench/peers/logits_llama_cpp.mjs --model MODEL.gguf --adapter ADAPTER.gguf --tokens 1,2,3
//
// Prints one JSON line with those of the likeliest tokens, by token.
import {createRequire} from "node:module";
import {join} from "node:path";
import {parseArgs} from "node:util";

const {values: a} = parseArgs({
  options: {
    model: {type: "string"},
    adapter: {type: "string"},
    tokens: {type: "string"},
    modules: {type: "string", default: "."},
    top: {type: "string", default: "64"},
  },
});
const {getLlama, LlamaLogLevel} = await import(createRequire(join(a.modules, "x.js")).resolve("node-llama-cpp"));
const llama = await getLlama({gpu: false, build: "never", logLevel: LlamaLogLevel.error, maxThreads: 1});
const model = await llama.loadModel({modelPath: a.model});
const lora = a.adapter ? {adapters: [{filePath: a.adapter}]} : undefined;
const context = await model.createContext({contextSize: 512, threads: 1, lora});
const tokens = a.tokens.split(",").map(Number);
const last = tokens.pop();
const output = await context.getSequence().controlledEvaluate(
  [...tokens, [last, {generateNext: {probabilities: true}}]]);
const likeliest = [...output.at(-1).next.probabilities].sort((x, y) => y[1] - x[1]).slice(0, Number(a.top));
console.log(JSON.stringify(Object.fromEntries(likeliest.map(([token, p]) => [token, Math.log(p)]))));
process.exit(0);
