package dev.lora4j.models.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.io.DType;
import dev.lora4j.models.ConfigFields;
import dev.lora4j.models.LanguageModel;
import dev.lora4j.nn.Init;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;

/**
 * A language model that was loaded from a directory in Hugging Face's layout, and can be written to
 * one.
 *
 * <pre>{@code
 * try (Pretrained base = Pretrained.load(Path.of("SmolLM2-135M"))) {
 *   LoraModel adapted = Lora.adapt(base.model(), LoraConfig.rank(8).alpha(16));
 *   …
 *   adapted.merge();
 *   adapted.unload();
 *   base.save(Path.of("merged"));
 * }
 * }</pre>
 */
public final class Pretrained implements AutoCloseable {
  /** What a directory of a model holds beside config and weights. */
  private static final List<String> COMPANIONS =
      List.of(
          "generation_config.json",
          "tokenizer.json",
          "tokenizer_config.json",
          "tokenizer.model",
          "special_tokens_map.json",
          "added_tokens.json",
          "vocab.json",
          "merges.txt",
          "chat_template.jinja");

  private static final String END_TOKENS = "eos_token_id";

  private final Path directory;
  private final ConfigFields fields;
  private final LanguageModel model;
  private final Set<String> names;

  private Pretrained(Path directory, ConfigFields fields, LanguageModel model) {
    this.directory = directory;
    this.fields = fields;
    this.model = model;
    names = Set.copyOf(model.namedParameters().keySet());
  }

  /**
   * Loads a model to compute in single precision; see {@link #load(Path, DType)}.
   *
   * @param directory holds {@code config.json} and safetensors
   */
  public static Pretrained load(Path directory) {
    return load(directory, DType.F32);
  }

  /**
   * Loads a model, frozen and in evaluation mode. Weights that the files hold in the wanted format
   * are used where they lie, mapped into memory; others are converted.
   *
   * @param directory holds {@code config.json} and safetensors, in one file or in shards
   * @param format the numbers to compute with
   * @throws UserError if the architecture or a field of the config is not supported, or the weights
   *     do not fit it: then with all that do not
   * @throws dev.lora4j.CorruptFile if a file is damaged
   */
  public static Pretrained load(Path directory, DType format) {
    ConfigFields fields = ConfigFields.read(directory.resolve(CheckpointWriter.CONFIG));
    Architecture architecture = Architecture.of(fields);
    LanguageModel model = Init.withoutValues(() -> architecture.create(fields));
    boolean loaded = false;
    try (Weights weights = Weights.open(directory)) {
      new WeightLoader(directory, weights, architecture, model).load(format);
      model.freeze();
      model.train(false);
      loaded = true;
      return new Pretrained(directory, fields, model);
    } finally {
      if (!loaded) {
        model.close();
      }
    }
  }

  /** The model; it is closed with this. */
  public LanguageModel model() {
    return model;
  }

  /** The fields of its {@code config.json}, those that have no meaning here included. */
  public ConfigFields config() {
    return fields;
  }

  /**
   * The tokens that end a text: {@code eos_token_id} of {@code generation_config.json}, else of
   * {@code config.json}.
   */
  public List<Long> endTokens() {
    Path generation = directory.resolve("generation_config.json");
    List<Long> ofGeneration =
        Files.isRegularFile(generation)
            ? ConfigFields.read(generation).integers(END_TOKENS)
            : List.of();
    return ofGeneration.isEmpty() ? fields.integers(END_TOKENS) : ofGeneration;
  }

  /** Writes the model as one file of weights; see {@link #save(Path, SaveOptions)}. */
  public void save(Path target) {
    save(target, SaveOptions.oneFile());
  }

  /**
   * Writes {@code config.json}, with all its fields, the weights as they are now, and the tokenizer
   * files that came with the model. A tied head is written once.
   *
   * @throws UserError while the model is adapted, if other weights are in the directory, or the
   *     disk refuses
   */
  public void save(Path target, SaveOptions options) {
    Map<String, Tensor> state = model.stateDict();
    if (!state.keySet().equals(names)) {
      throw new UserError(
          "the model is adapted: merge() and unload() it first, or save the adapter on its own");
    }
    ObjectNode config = fields.json();
    copyCompanions(target);
    new CheckpointWriter(target, state, options).write(config);
  }

  private void copyCompanions(Path target) {
    for (String name : COMPANIONS) {
      Path source = directory.resolve(name);
      Path copy = target.resolve(name);
      if (Files.isRegularFile(source) && !source.toAbsolutePath().equals(copy.toAbsolutePath())) {
        try {
          AtomicFile.write(copy, Files.readAllBytes(source));
        } catch (IOException e) {
          throw new UserError("cannot read " + source + ": " + e, e);
        }
      }
    }
  }

  /** Frees the model. */
  @Override
  public void close() {
    model.close();
  }
}
