/**
 * Training of task adapters: losses, the data-parallel step, and the trainer.
 *
 * <p>A step has three parts. Each worker computes the outputs of its shard and keeps its autograd
 * graph. The loss then sees the outputs of the whole batch at once, so that a contrastive loss has
 * all in-batch negatives, however many workers there are. Last, each worker backpropagates its rows
 * of the loss's gradient. The gradients equal those of one worker with one large batch.
 *
 * <pre>{@code
 * TaskObjective objective = new TaskObjective(task, new ClassificationLoss(weights), split);
 * TaskTrainer.run(TaskJob.of(adapted, network, objective, directory, settings), callback);
 * }</pre>
 */
@NullMarked
package dev.lora4j.llm.task.train;

import org.jspecify.annotations.NullMarked;
