package dev.lora4j.llm.encoder;

import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.checkpoint.Checkpoint;
import dev.lora4j.llm.checkpoint.ModelConfig;
import dev.lora4j.llm.encoder.EncoderFamily.Pooler;
import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.llm.weights.WeightFile;
import dev.lora4j.nn.Init;
import dev.lora4j.nn.Module;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A pretrained encoder from a directory in Hugging Face's layout, alone or below a classification
 * head, in single precision: {@code EncoderCheckpoint.load(Path.of("all-MiniLM-L6-v2"))}.
 */
public final class EncoderCheckpoint implements AutoCloseable {
  private final ModelFiles files;
  private final JsonDocument config;
  private final Module root;
  private final List<String> newModules;

  private EncoderCheckpoint(
      ModelFiles files, JsonDocument config, Module root, List<String> newModules) {
    this.files = files;
    this.config = config;
    this.root = root;
    this.newModules = List.copyOf(newModules);
  }

  /**
   * Loads an encoder without a head, frozen and in evaluation mode; with a pooler if the weights
   * have one.
   *
   * @param directory with {@code config.json} and weights, whose names may have the family's prefix
   * @throws dev.lora4j.UserError if the architecture or a field of the config is not supported, or
   *     the weights do not fit the config; the message names every tensor that does not
   * @throws dev.lora4j.CorruptFile if a file is damaged
   */
  public static EncoderCheckpoint load(Path directory) {
    return load(directory, Optional.empty(), OptionalInt.empty());
  }

  /**
   * Loads an encoder with a head, frozen and in evaluation mode. Modules of the head that the
   * checkpoint lacks are new, with random weights as transformers has them, and so is a classifier
   * with another number of labels.
   *
   * @param labels number of labels
   */
  public static EncoderCheckpoint load(Path directory, HeadType head, int labels) {
    return load(directory, Optional.of(head), OptionalInt.of(labels));
  }

  /**
   * Loads an encoder with a head for as many labels as the checkpoint's own has, else its config;
   * the head is new if the checkpoint has none.
   */
  public static EncoderCheckpoint load(Path directory, HeadType head) {
    return load(directory, Optional.of(head), OptionalInt.empty());
  }

  private static EncoderCheckpoint load(
      Path directory, Optional<HeadType> head, OptionalInt labels) {
    JsonDocument config = JsonDocument.read(directory.resolve(ModelConfig.FILE));
    EncoderFamily family = EncoderFamily.of(config);
    try (WeightFile weights = Checkpoint.weights(directory, config)) {
      EncoderWeights stored = new EncoderWeights(weights, family, head.isPresent());
      stored.checkSizes(config);
      Module root =
          Init.withoutValues(
              () ->
                  head.<Module>map(
                          type ->
                              family.create(
                                  config, type, labels.orElseGet(() -> stored.labels(config))))
                      .orElseGet(
                          () ->
                              family.create(
                                  config, stored.hasPooler() ? Pooler.PRESENT : Pooler.ABSENT)));
      try {
        List<String> newModules = stored.loadInto(root, config);
        root.freeze();
        root.train(false);
        return new EncoderCheckpoint(ModelFiles.in(directory), config, root, newModules);
      } catch (RuntimeException | Error e) {
        root.close();
        throw e;
      }
    }
  }

  /** Returns the encoder, which is closed with this object. */
  public Encoder encoder() {
    return withHead().map(EncoderWithHead::encoder).orElseGet(() -> (Encoder) root);
  }

  /** Returns the encoder with its head, if it was loaded with one. */
  public Optional<EncoderWithHead> withHead() {
    return root instanceof EncoderWithHead model ? Optional.of(model) : Optional.empty();
  }

  /** Returns the module whose paths are those of Hugging Face's model: what adapters adapt. */
  public Module root() {
    return root;
  }

  /**
   * Returns the paths of the head's modules that the checkpoint lacks, the last one first: a task
   * has to train and save them whole.
   */
  public List<String> newModules() {
    return newModules;
  }

  /** Returns the config and tokenizer files. */
  public ModelFiles files() {
    return files;
  }

  /** Returns the fields of {@code config.json}, including those that nothing here reads. */
  public JsonDocument config() {
    return config;
  }

  /** Frees the model. */
  @Override
  public void close() {
    root.close();
  }
}
