package dev.lora4j.llm.merge;

import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.io.gguf.GgmlType;
import dev.lora4j.llm.export.GgufExport;
import dev.lora4j.llm.weights.Quantization;
import dev.lora4j.lora.format.BaseCheck;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.LongConsumer;
import java.util.function.LongFunction;

/**
 * Merges adapters into a saved model of any kind, or subtracts them again, tensor by tensor: only
 * the adapters and one tensor of the base are in memory. Each tensor is computed in float32 and
 * written in the base's dtype unless another is given. The output appears complete or not at all,
 * with copies of all other files of the base: {@code MergeJob.of(base,
 * List.of(adapter)).merge(out)}.
 *
 * @param base a safetensors file or state dict of {@code torch.save}, a Hugging Face directory, or,
 *     for merging, a quantised one: a GGUF file, or a directory of bitsandbytes, whose dequantised
 *     values are merged
 * @param check whether the base must be the one that an adapter records; not for unmerging
 * @param samples texts on which the logits of quantised models are compared; empty for the default
 * @param progress given the bytes of all tensors, returns the receiver of each tensor's bytes
 */
public record MergeJob(
    Path base,
    List<Path> adapters,
    Optional<DType> dtype,
    long maxShardBytes,
    BaseCheck check,
    List<String> samples,
    LongFunction<LongConsumer> progress) {
  private static final long DEFAULT_SHARD_BYTES = 5_000_000_000L;

  public MergeJob {
    adapters = List.copyOf(adapters);
    samples = List.copyOf(samples);
    if (adapters.isEmpty()) {
      throw new UserError("there is no adapter to merge");
    }
    if (dtype.isPresent() && !dtype.get().isFloating()) {
      throw new UserError("weights can't be written as " + dtype.get());
    }
    if (maxShardBytes < 1) {
      throw new UserError("the shard size must be at least one byte, found " + maxShardBytes);
    }
  }

  /** Returns a job that keeps the base's dtype and writes shards of 5 GB. */
  public static MergeJob of(Path base, List<Path> adapters) {
    return new MergeJob(
        base,
        adapters,
        Optional.empty(),
        DEFAULT_SHARD_BYTES,
        BaseCheck.SAME_WHERE_BOTH_HAVE,
        List.of(),
        total -> bytes -> {});
  }

  MergeJob of(Path directory) {
    return new MergeJob(directory, adapters, dtype, maxShardBytes, check, samples, progress);
  }

  public MergeJob as(DType dtype) {
    return new MergeJob(
        base, adapters, Optional.of(dtype), maxShardBytes, check, samples, progress);
  }

  public MergeJob shardsOf(long bytes) {
    return new MergeJob(base, adapters, dtype, bytes, check, samples, progress);
  }

  public MergeJob checking(BaseCheck check) {
    return new MergeJob(base, adapters, dtype, maxShardBytes, check, samples, progress);
  }

  public MergeJob comparingOn(List<String> texts) {
    return new MergeJob(base, adapters, dtype, maxShardBytes, check, texts, progress);
  }

  public MergeJob reportingTo(LongFunction<LongConsumer> progress) {
    return new MergeJob(base, adapters, dtype, maxShardBytes, check, samples, progress);
  }

  /**
   * Writes {@code W + ΔW} for every adapted weight.
   *
   * @param out a new file whose name ends with {@code .safetensors}, or a new or empty directory
   * @throws UserError if an adapter does not fit, a value would not be finite, or the disk refuses
   */
  public MergeSummary merge(Path out) {
    return QuantizedMerge.isBase(base)
        ? QuantizedMerge.toDirectory(this, out)
        : new Merger(this, Direction.IN).write(out);
  }

  /**
   * Writes the merged model as a GGUF file for llama.cpp. A temporary float32 directory beside the
   * file holds it in between, so that each value is rounded once.
   *
   * @param out a new file
   * @param type of the matrices, one that can be written; {@link #dtype} is ignored
   * @throws UserError also if the model can't be exported; see {@link GgufExport#run}
   */
  public MergeSummary mergeToGguf(Path out, GgmlType type) {
    return QuantizedMerge.toGguf(this, out, type);
  }

  /**
   * Writes the merged model as a directory that is quantised by bitsandbytes. The result has other
   * values than the adapter beside the quantised base; the summary measures by how much.
   *
   * @param out a new or empty directory
   * @throws UserError also if the model is not supported
   */
  public MergeSummary mergeQuantized(Path out, Quantization to) {
    return QuantizedMerge.toBitsAndBytes(this, out, to);
  }

  /**
   * Writes {@code W − ΔW} for every adapted weight: from a merged model, the base up to rounding.
   *
   * @throws UserError also if an adapter can't be subtracted: DoRA, whole modules, rows of
   *     embeddings, biases
   */
  public MergeSummary unmerge(Path out) {
    return new Merger(this, Direction.OUT).write(out);
  }

  /** The sign of the deltas. */
  enum Direction {
    IN,
    OUT
  }
}
