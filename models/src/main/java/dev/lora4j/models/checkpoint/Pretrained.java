package dev.lora4j.models.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.io.DType;
import dev.lora4j.models.ConfigFields;
import dev.lora4j.models.LanguageModel;
import dev.lora4j.models.ModelFamily;
import dev.lora4j.models.gguf.GgufModel;
import dev.lora4j.models.gguf.ModelFiles;
import dev.lora4j.nn.Init;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;

/**
 * A language model that was loaded from a directory in Hugging Face's layout or from a GGUF file,
 * and can be written to a directory.
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

  private final ModelFiles files;
  private final ConfigFields fields;
  private final LanguageModel model;
  private final Set<String> names;

  private Pretrained(ModelFiles files, ConfigFields fields, LanguageModel model) {
    this.files = files;
    this.fields = fields;
    this.model = model;
    names = Set.copyOf(model.namedParameters().keySet());
  }

  /**
   * Loads a model to compute in single precision; see {@link #load(Path, DType)}.
   *
   * @param path a directory that holds {@code config.json} and weights, or a GGUF file
   */
  public static Pretrained load(Path path) {
    return load(path, DType.F32);
  }

  /**
   * Loads a model, frozen and in evaluation mode. Weights that a directory's files hold in the
   * wanted format are used where they lie, mapped into memory; others are converted, and those of a
   * GGUF file are read as the numbers that they stand for.
   *
   * @param path a directory that holds {@code config.json} and safetensors, in one file or in
   *     shards, or else {@code pytorch_model.bin} or its shards; or a GGUF file
   * @param format the numbers to compute with
   * @throws UserError if the architecture or a field of the config is not supported, or the weights
   *     do not fit it: then with all that do not
   * @throws dev.lora4j.CorruptFile if a file is damaged
   */
  public static Pretrained load(Path path, DType format) {
    if (GgufModel.isAt(path)) {
      try (GgufTensors tensors = new GgufTensors(GgufModel.open(path))) {
        ConfigFields fields = ConfigFields.of(path, tensors.file().config());
        return fill(tensors.file().files(), fields, tensors, format);
      }
    }
    ConfigFields fields = ConfigFields.read(path.resolve(CheckpointWriter.CONFIG));
    ModelFamily.of(fields);
    try (Weights weights = Weights.open(path)) {
      return fill(ModelFiles.in(path), fields, weights, format);
    }
  }

  private static Pretrained fill(
      ModelFiles files, ConfigFields fields, StoredTensors tensors, DType format) {
    ModelFamily family = ModelFamily.of(fields);
    LanguageModel model = Init.withoutValues(() -> family.create(fields));
    boolean loaded = false;
    try {
      new WeightLoader(files.path(), tensors, family, model).load(format);
      model.freeze();
      model.train(false);
      loaded = true;
      return new Pretrained(files, fields, model);
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
    String generation = "generation_config.json";
    List<Long> ofGeneration =
        files
            .read(generation)
            .map(json -> ConfigFields.parse(files.path().resolve(generation), json))
            .map(config -> config.integers(END_TOKENS))
            .orElse(List.of());
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
    if (files.path().toAbsolutePath().equals(target.toAbsolutePath())) {
      return;
    }
    for (String name : COMPANIONS) {
      files.read(name).ifPresent(content -> AtomicFile.write(target.resolve(name), content));
    }
  }

  /** Frees the model. */
  @Override
  public void close() {
    model.close();
  }
}
