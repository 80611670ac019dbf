/**
 * Fine-tuning of language models: objectives, training steps with gradient accumulation,
 * evaluation, checkpoints and exact resuming.
 *
 * <pre>{@code
 * LoraModel adapted = Lora.adapt(base.model(), LoraConfig.rank(8).alpha(16));
 * Objective objective = new CausalLmObjective(split.train(), split.valid());
 * TrainingArguments settings = TrainingArguments.of(2e-4).epochs(2);
 * LanguageModelTrainer.run(TrainingJob.of(adapted, objective, directory, settings), TrainingCallback.NONE);
 * }</pre>
 *
 * <p>Terms: an <em>objective</em> is a loss with its data, found by name through an {@code
 * ObjectiveProvider}; a <em>batch</em> is computed at once by all workers; a <em>micro-batch</em>
 * is one worker's shard of it; a <em>step</em> accumulates the gradients of several batches; the
 * <em>normalizer</em> is the number of units in a step, over which the loss is averaged; the
 * <em>reference</em> is the base model without the adapter.
 */
@NullMarked
package dev.lora4j.llm.train;

import org.jspecify.annotations.NullMarked;
