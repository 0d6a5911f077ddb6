// Answers requests of node_llama_cpp.py, a line of JSON each.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const require = createRequire(process.env.NODE_MODULES + "/");
const { getLlama } = await import(pathToFileURL(require.resolve("node-llama-cpp")));
const llama = await getLlama({ gpu: false, build: "never", maxThreads: 1, logLevel: "error" });
const contexts = new Map();

async function load(path) {
  if (!contexts.has(path)) {
    const model = await llama.loadModel({ modelPath: path });
    contexts.set(path, await model.createContext({ contextSize: 2048, sequences: 4, threads: 1 }));
  }
  return contexts.get(path);
}

function withNumbers(options) {
  // JSON has no infinity, and nothing that is not a number: they come as texts
  if (typeof options.temperature === "string") options.temperature = Number(options.temperature);
  return { yieldEogToken: true, ...options };
}

async function text(sequence, start, length, options) {
  const tokens = [];
  await sequence.clearHistory();
  for await (const token of sequence.evaluate([start], options)) {
    tokens.push(token);
    if (tokens.length >= length) break;
  }
  return tokens;
}

async function texts({ path, start, copies, length, options }) {
  const context = await load(path);
  const sequences = Array.from({ length: copies }, () => context.getSequence());
  try {
    return await Promise.all(sequences.map((s) => text(s, start, length, withNumbers(options))));
  } finally {
    sequences.forEach((s) => s.dispose());
  }
}

async function probabilities({ path, start, options }) {
  const sequence = (await load(path)).getSequence();
  try {
    const asked = { probabilities: true };
    const drawn = sequence.evaluateWithMetadata([start], asked, withNumbers(options));
    for await (const step of drawn) return [...step.probabilities];
  } finally {
    sequence.dispose();
  }
}

const kinds = { texts, probabilities };
for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    const request = JSON.parse(line);
    answer = { answer: await kinds[request.kind](request) };
  } catch (error) {
    answer = { error: String(error.message ?? error) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
