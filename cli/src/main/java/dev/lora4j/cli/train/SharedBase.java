package dev.lora4j.cli.train;

import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.weights.WeightStorage;
import java.nio.file.Path;
import java.util.Optional;

/** The base model that the runs of a sweep use in turn, loaded once. */
public final class SharedBase implements AutoCloseable {
  private Optional<Path> path = Optional.empty();
  private Optional<WeightStorage> storage = Optional.empty();
  private Optional<Pretrained> base = Optional.empty();

  /** Returns the model at a path; another one that was loaded before is closed. */
  Pretrained at(Path wanted, WeightStorage kept) {
    if (base.isPresent() && path.equals(Optional.of(wanted)) && storage.equals(Optional.of(kept))) {
      return base.get();
    }
    close();
    Pretrained loaded = Pretrained.load(wanted, kept);
    path = Optional.of(wanted);
    storage = Optional.of(kept);
    base = Optional.of(loaded);
    return loaded;
  }

  @Override
  public void close() {
    base.ifPresent(Pretrained::close);
    base = Optional.empty();
  }
}
