package dev.lora4j.models.checkpoint;

import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import java.util.Optional;

/**
 * How a checkpoint is written.
 *
 * @param format of the numbers; empty for the one that the model computes with
 * @param maxShardBytes how much tensor data a file may hold; a larger tensor has a file of its own
 */
public record SaveOptions(Optional<DType> format, long maxShardBytes) {

  public SaveOptions {
    if (maxShardBytes < 1) {
      throw new UserError("a shard must hold at least 1 byte, found " + maxShardBytes);
    }
  }

  /** One file, numbers as they are. */
  public static SaveOptions oneFile() {
    return new SaveOptions(Optional.empty(), Long.MAX_VALUE);
  }

  /** In files of at most so many bytes of data. */
  public SaveOptions shardsOf(long bytes) {
    return new SaveOptions(format, bytes);
  }

  /** With numbers of this format. */
  public SaveOptions as(DType format) {
    return new SaveOptions(Optional.of(format), maxShardBytes);
  }
}
