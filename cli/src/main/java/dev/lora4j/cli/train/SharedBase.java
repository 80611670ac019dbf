package dev.lora4j.cli.train;

import dev.lora4j.llm.checkpoint.Pretrained;
import java.nio.file.Path;
import java.util.Optional;

/** The base model that the runs of a sweep use in turn, loaded once. */
public final class SharedBase implements AutoCloseable {
  private Optional<Path> path = Optional.empty();
  private Optional<Pretrained> base = Optional.empty();

  /** Returns the model at a path; another one that was loaded before is closed. */
  Pretrained at(Path wanted) {
    if (base.isPresent() && path.equals(Optional.of(wanted))) {
      return base.get();
    }
    close();
    Pretrained loaded = Pretrained.load(wanted);
    path = Optional.of(wanted);
    base = Optional.of(loaded);
    return loaded;
  }

  @Override
  public void close() {
    base.ifPresent(Pretrained::close);
    base = Optional.empty();
  }
}
