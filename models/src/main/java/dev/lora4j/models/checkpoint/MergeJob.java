package dev.lora4j.models.checkpoint;

import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.io.gguf.GgmlType;
import dev.lora4j.lora.BaseCheck;
import dev.lora4j.models.gguf.GgufModel;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * Merging adapters into a saved model of any kind, or taking them out again, tensor by tensor: what
 * is in memory is the adapters and one of the base's tensors. Each is computed in float32 and
 * written in the base's own format unless another is asked for. What is written appears whole or
 * not at all; config, tokenizer and all else that stands beside the base's weights comes along.
 *
 * <pre>{@code
 * MergeSummary receipt = MergeJob.of(base, List.of(adapter)).merge(Path.of("merged"));
 * }</pre>
 *
 * @param base a safetensors file or state dict of {@code torch.save}, a Hugging Face directory, or,
 *     for merging, a GGUF file, whose numbers are written in the format of {@link
 *     GgufConversion#formatOf} unless another is asked for
 * @param adapters directories in PEFT's format, whose updates add up
 * @param dtype the format to write floating numbers in; empty for each tensor's own
 * @param maxShardBytes how much a file of weights may hold, where a directory is written
 * @param check whether the base must be the one that an adapter says it was made on; taking out
 *     works on a merged model, and does not ask
 * @param progress is told the bytes that are written, tensor by tensor
 */
public record MergeJob(
    Path base,
    List<Path> adapters,
    Optional<DType> dtype,
    long maxShardBytes,
    BaseCheck check,
    LongConsumer progress) {
  private static final long USUAL_SHARD = 5_000_000_000L;

  public MergeJob {
    adapters = List.copyOf(adapters);
    if (adapters.isEmpty()) {
      throw new UserError("there is no adapter to merge");
    }
    if (dtype.isPresent() && !dtype.get().isFloating()) {
      throw new UserError("weights can't be written as " + dtype.get());
    }
    if (maxShardBytes < 1) {
      throw new UserError("a file must hold at least one byte, found " + maxShardBytes);
    }
  }

  /** In the base's own format, in files of 5 GB. */
  public static MergeJob of(Path base, List<Path> adapters) {
    return new MergeJob(
        base, adapters, Optional.empty(), USUAL_SHARD, BaseCheck.SAME_WHERE_BOTH_HAVE, bytes -> {});
  }

  MergeJob of(Path directory) {
    return new MergeJob(directory, adapters, dtype, maxShardBytes, check, progress);
  }

  public MergeJob as(DType dtype) {
    return new MergeJob(base, adapters, Optional.of(dtype), maxShardBytes, check, progress);
  }

  public MergeJob shardsOf(long bytes) {
    return new MergeJob(base, adapters, dtype, bytes, check, progress);
  }

  public MergeJob checking(BaseCheck check) {
    return new MergeJob(base, adapters, dtype, maxShardBytes, check, progress);
  }

  public MergeJob reportingTo(LongConsumer progress) {
    return new MergeJob(base, adapters, dtype, maxShardBytes, check, progress);
  }

  /**
   * Writes {@code W + ΔW} for every adapted weight.
   *
   * @param out a file whose name ends with {@code .safetensors}, or a directory; not there yet
   * @throws UserError if an adapter does not fit, a number would not be finite, or the disk refuses
   */
  public MergeSummary merge(Path out) {
    return GgufModel.isAt(base)
        ? GgufMerge.fromGguf(this, out)
        : new Merger(this, Direction.IN).write(out);
  }

  /**
   * The same into a GGUF file for llama.cpp. The merged model stands in float32 in a directory
   * beside the file while it is written, so that each number is rounded once.
   *
   * @param out not there yet
   * @param type of the matrices: F32, F16, BF16 or Q8_0; what {@link #as} asked for is not heeded
   * @throws UserError also if the model is none that can be written so; see {@link GgufExport#run}
   */
  public MergeSummary mergeToGguf(Path out, GgmlType type) {
    return GgufMerge.toGguf(this, out, type);
  }

  /**
   * Writes {@code W − ΔW} for every adapted weight: the base again from a merged model, but for
   * what rounding has lost.
   *
   * @throws UserError also if an adapter replaces what it can't give back: DoRA, whole modules,
   *     rows of embeddings, biases
   */
  public MergeSummary unmerge(Path out) {
    return new Merger(this, Direction.OUT).write(out);
  }

  /** Whether updates are added or subtracted. */
  enum Direction {
    IN,
    OUT
  }
}
