package dev.lora4j.cli.train;

import dev.lora4j.UserError;
import dev.lora4j.cli.progress.Interruption;
import dev.lora4j.train.RunDirectory;
import dev.lora4j.train.TrainingCallback;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;

/** The last complete checkpoint of a run, named if the run fails or is interrupted. */
final class LastCheckpoint implements TrainingCallback, AutoCloseable {
  private final Path out;
  private final String resume;
  private final Interruption interruption;
  private long resumedFrom;
  private Optional<Path> last = Optional.empty();

  LastCheckpoint(Path out) {
    this.out = out;
    resume = "lora train --resume --out " + out;
    interruption = new Interruption("; resume with: " + resume);
  }

  @Override
  public void onStart(long steps, long done) {
    resumedFrom = done;
    if (done > 0) {
      onCheckpoint(new RunDirectory(out).checkpoint(done));
    }
  }

  @Override
  public void onCheckpoint(Path directory) {
    last = Optional.of(directory);
    interruption.savedInstead(directory);
  }

  long resumedFrom() {
    return resumedFrom;
  }

  /** Runs the work; an error names the checkpoint from which the run can be resumed. */
  <T> T guard(Supplier<T> work) {
    try {
      return work.get();
    } catch (UserError e) {
      if (last.isEmpty()) {
        throw e;
      }
      throw new UserError(
          "%s\n%s is complete; resume from it with: %s"
              .formatted(e.getMessage(), last.get(), resume),
          e);
    }
  }

  @Override
  public void close() {
    interruption.close();
  }
}
