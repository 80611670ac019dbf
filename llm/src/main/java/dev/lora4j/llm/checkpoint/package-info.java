/**
 * Saved models: loading, saving, merging, converting and checking.
 *
 * <ul>
 *   <li><b>checkpoint</b>: the tensors of a saved model, in one file or in shards with an index.
 *       {@link dev.lora4j.llm.checkpoint.Checkpoint} is the only reader; all writing of directories
 *       goes through one writer.
 *   <li><b>pretrained model</b>: a network of a known class with its weights, {@link
 *       dev.lora4j.llm.checkpoint.Pretrained}.
 *   <li><b>weights-only network</b>: the network of any checkpoint, built without its class, {@link
 *       dev.lora4j.llm.checkpoint.WeightsOnly}.
 *   <li><b>merge</b>: adding the delta of an adapter to the base's weights on disk, {@link
 *       dev.lora4j.llm.merge.MergeJob}.
 * </ul>
 *
 * <pre>{@code
 * Path base = Path.of("SmolLM2-135M");
 * MergeJob.of(base, List.of(Path.of("my-adapter"))).merge(Path.of("merged"));
 * try (Pretrained merged = Pretrained.load(Path.of("merged"))) {
 *   …
 * }
 * }</pre>
 */
@NullMarked
package dev.lora4j.llm.checkpoint;

import org.jspecify.annotations.NullMarked;
