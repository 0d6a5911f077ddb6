// Answers requests of transformers_js.py, a line of JSON each, with the ids that generate() returned.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const require = createRequire(process.env.NODE_MODULES + "/");
const { AutoModelForCausalLM, Tensor, random } = await import(
  pathToFileURL(require.resolve("@huggingface/transformers"))
);
const session_options = { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 };
const models = new Map();

async function load(folder) {
  if (!models.has(folder)) {
    const options = { dtype: "fp32", device: "cpu", local_files_only: true, session_options };
    models.set(folder, await AutoModelForCausalLM.from_pretrained(folder, options));
  }
  return models.get(folder);
}

async function texts({ folder, start, copies, length, seed, options }) {
  const model = await load(folder);
  if (seed !== null) random.seed(seed);
  if (options.temperature === "Infinity") options.temperature = Infinity;
  const ids = new BigInt64Array(copies).fill(BigInt(start));
  const mask = new BigInt64Array(copies).fill(1n);
  const answer = await model.generate({
    input_ids: new Tensor("int64", ids, [copies, 1]),
    attention_mask: new Tensor("int64", mask, [copies, 1]),
    max_new_tokens: length,
    eos_token_id: null,
    ...options,
  });
  if (options.return_dict_in_generate) return Object.keys(answer);
  return answer.tolist().map((text) => text.slice(1).map(Number));
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = { texts: await texts(JSON.parse(line)) };
  } catch (error) {
    answer = { error: String(error.message ?? error) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
