package dev.lora4j.cli.train;

import dev.lora4j.UserError;
import dev.lora4j.data.Dataset;
import dev.lora4j.data.Subset;
import dev.lora4j.llm.dataset.TrainValidationSplit;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;

/**
 * Training and test examples, with their task and warnings about the data.
 *
 * @param valid validation examples, held out from the training examples
 * @param owner frees the examples when they are closed
 */
public record Examples(
    Dataset train,
    Optional<Dataset> valid,
    Dataset test,
    Task task,
    List<String> warnings,
    Runnable owner)
    implements AutoCloseable {

  /**
   * Holds out a fraction of the training examples for validation; none if it is 0.
   *
   * @throws UserError if there are too few examples
   */
  Examples split(double fraction, long seed) {
    if (fraction == 0) {
      return this;
    }
    if (train.size() < 2) {
      throw new UserError("--validation-split: one training example is too few for a split");
    }
    int held = (int) Math.max(1, Math.min(train.size() - 1, Math.round(fraction * train.size())));
    TrainValidationSplit<Long> split =
        TrainValidationSplit.of(LongStream.range(0, train.size()).boxed().toList(), held, seed);
    return new Examples(
        part(split.train()), Optional.of(part(split.valid())), test, task, warnings, () -> {});
  }

  private Dataset part(List<Long> indices) {
    return new Subset(train, indices.stream().mapToLong(Long::longValue).toArray());
  }

  /** Describes the examples of a file or folder in a line. */
  String describe(Path data) {
    return "%s, %,d training%s and %,d test examples"
        .formatted(
            data.getFileName(),
            train.size(),
            valid.map(held -> ", %,d validation".formatted(held.size())).orElse(""),
            test.size());
  }

  @Override
  public void close() {
    owner.run();
  }
}
