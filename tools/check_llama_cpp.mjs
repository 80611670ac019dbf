// Computes the next token's log-probabilities after each token of a text with llama.cpp in float32:
//
//     node tools/check_llama_cpp.mjs --model MODEL.gguf --tokens 1,2,3 --modules DIRECTORY
//
// Prints one JSON line with a list for each token, by the token that follows.
import {createRequire} from "node:module";
import {join} from "node:path";
import {parseArgs} from "node:util";

const {values: a} = parseArgs({
  options: {model: {type: "string"}, tokens: {type: "string"}, modules: {type: "string", default: "."}},
});
const {getLlama, LlamaLogLevel} = await import(createRequire(join(a.modules, "x.js")).resolve("node-llama-cpp"));
const llama = await getLlama({gpu: false, build: "never", logLevel: LlamaLogLevel.error, maxThreads: 1});
const model = await llama.loadModel({modelPath: a.model});
const context = await model.createContext({
  contextSize: 512, threads: 1, flashAttention: false,
  experimentalKvCacheKeyType: "F32", experimentalKvCacheValueType: "F32",
});
const output = await context.getSequence().controlledEvaluate(
  a.tokens.split(",").map(token => [Number(token), {generateNext: {probabilities: true}}]));
const table = output.map(({next}) => {
  const values = [];
  for (const [token, probability] of next.probabilities) {
    values[token] = Math.log(probability);
  }
  return values;
});
process.stdout.write(JSON.stringify(table) + "\n", () => process.exit(0));
