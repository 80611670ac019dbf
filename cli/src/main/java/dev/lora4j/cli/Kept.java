package dev.lora4j.cli;

import dev.lora4j.UserError;
import dev.lora4j.train.TrainingCallback;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;

/** Knows the last whole checkpoint of a run, to say so where the next one fails. */
final class Kept implements TrainingCallback {
  private final Path out;
  private long resumedFrom;
  private Optional<Path> last = Optional.empty();

  Kept(Path out) {
    this.out = out;
  }

  @Override
  public void onStart(long steps, long done) {
    resumedFrom = done;
    last = done > 0 ? Optional.of(out.resolve("checkpoint-" + done)) : Optional.empty();
  }

  @Override
  public void onCheckpoint(Path directory) {
    last = Optional.of(directory);
  }

  long resumedFrom() {
    return resumedFrom;
  }

  /** Does the work; where the disk refuses in the middle of it, says what can go on. */
  <T> T guard(Supplier<T> work) {
    try {
      return work.get();
    } catch (UserError e) {
      if (last.isEmpty()) {
        throw e;
      }
      throw new UserError(
          "%s\n%s is whole: lora train --resume --out %s goes on from there"
              .formatted(e.getMessage(), last.get(), out),
          e);
    }
  }
}
