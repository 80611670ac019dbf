package dev.lora4j.llm.checkpoint;

import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import java.util.Optional;

/**
 * Options for saving a checkpoint.
 *
 * @param format the dtype; empty for the one that the model computes with
 * @param maxShardBytes the largest size of a shard's tensors; a larger tensor gets its own shard
 */
public record SaveOptions(Optional<DType> format, long maxShardBytes) {

  public SaveOptions {
    if (maxShardBytes < 1) {
      throw new UserError("a shard must hold at least 1 byte, found " + maxShardBytes);
    }
  }

  /** Returns the options for one file in the model's dtype. */
  public static SaveOptions oneFile() {
    return new SaveOptions(Optional.empty(), Long.MAX_VALUE);
  }

  public SaveOptions shardsOf(long bytes) {
    return new SaveOptions(format, bytes);
  }

  public SaveOptions as(DType format) {
    return new SaveOptions(Optional.of(format), maxShardBytes);
  }
}
