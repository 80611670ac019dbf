/**
 * Fine-tuning a language model in five lines: base model, data and hyperparameters in, adapter
 * directory out.
 *
 * <p>A <i>recipe</i> holds the settings. A <i>run</i> is an opened recipe: the loaded model with
 * its adapter, and the tokenized data. The <i>run record</i> is the files that make a run
 * repeatable: {@code run.yaml}, {@code origin.json} and the tokenizer.
 *
 * <pre>{@code
 * FineTuneRecipe recipe = FineTuneRecipe.of("SmolLM2-135M").data(Path.of("chats.jsonl"));
 * try (FineTuneRun run = recipe.rank(8).open(Path.of("my-adapter"))) {
 *   double loss = run.train(TrainingCallback.NONE).trainLoss();
 * }
 * }</pre>
 */
@NullMarked
package dev.lora4j.llm.recipe;

import org.jspecify.annotations.NullMarked;
